//! The desk's clock: what time it is, and which day, as far as the machine's clock can be believed.
//!
//! Times in records and in the feed are what the machine's clock says. Days decide what is forgotten, so they are the desk's
//! own: they never run backwards, and a clock that jumps a year ahead takes them a few days on. A pause of weeks looks the
//! same as such a jump; then a little is forgotten too late, which costs memory and never an article.

use std::time::Duration;

use jiff::civil::Date;

const MS_PER_DAY: i64 = 86_400_000;
/// Days that pass between two runs at the most, however long the clock says that it was: less than any window.
pub const MAX_STEP_DAYS: i32 = 3;

/// The desk's days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    day: i32,
    /// The first day of this run, and what the machine's clock said of it.
    first: (i32, i32),
}

impl Calendar {
    /// Goes on from the last day of the ledger and the time of its last document.
    pub fn resume(last: Option<(i32, i64)>, now_ms: i64) -> Self {
        let clock = day_of(now_ms);
        let day = last.map_or(clock, |(day, ms)| day + clock.saturating_sub(day_of(ms)).clamp(0, MAX_STEP_DAYS));
        Self { day, first: (day, clock) }
    }

    /// The day it is. In `running` no more days have passed than that, and one midnight.
    pub fn day(&mut self, now_ms: i64, running: Duration) -> i32 {
        let (day, clock) = self.first;
        let possible = i32::try_from(running.as_secs() / 86_400 + 1).unwrap_or(i32::MAX);
        let passed = day_of(now_ms).saturating_sub(clock).clamp(0, possible);
        self.day = self.day.max(day.saturating_add(passed));
        self.day
    }

    /// The last day that was asked for.
    pub fn today(&self) -> i32 {
        self.day
    }
}

/// The day of a time in milliseconds of Unix time; those before 1970 are negative.
pub fn day_of(ms: i64) -> i32 {
    ms.div_euclid(MS_PER_DAY) as i32
}

/// The day of the event that an article tells of: of its publication, else of its arrival, since which it cannot have been
/// published.
pub fn event_day(published: Option<&str>, arrived: i32) -> i32 {
    // The day where it was published: a date alone names no other.
    let published = published.and_then(|date| date.get(..10)?.parse::<Date>().ok());
    published.map_or(arrived, days_since_1970).min(arrived)
}

fn days_since_1970(date: Date) -> i32 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours().div_euclid(24) as i32
}

/// Now, in milliseconds of Unix time.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond() + shift_ms()
}

/// By how much a test moves the clock: `COPYDESK_CLOCK_DAYS=-365`. Only in builds with debug assertions.
#[cfg(debug_assertions)]
fn shift_ms() -> i64 {
    use std::sync::LazyLock;

    static SHIFT: LazyLock<i64> = LazyLock::new(|| {
        let days = std::env::var("COPYDESK_CLOCK_DAYS").ok().and_then(|days| days.parse::<i64>().ok());
        days.unwrap_or(0) * MS_PER_DAY
    });
    *SHIFT
}

#[cfg(not(debug_assertions))]
#[inline(always)]
fn shift_ms() -> i64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(day: i32) -> i64 {
        i64::from(day) * MS_PER_DAY
    }

    #[test]
    fn days_pass_as_the_clock_says() {
        let mut calendar = Calendar::resume(Some((100, at(20_000))), at(20_001));
        assert_eq!(calendar.today(), 101);
        for passed in 0..200 {
            assert_eq!(calendar.day(at(20_001 + passed), DAY * passed as u32), 101 + passed);
        }
    }

    #[test]
    fn an_event_is_of_the_day_of_publication_unless_that_is_to_come() {
        for (published, day) in [
            (Some("2016-05-14"), 16_935),
            (Some("2016-05-14T23:50:00-08:00"), 16_935),
            (Some("1969-12-31"), -1),
            (Some("2031-01-01"), 20_000),
            (Some("in May"), 20_000),
            (None, 20_000),
        ] {
            assert_eq!(event_day(published, 20_000), day, "{published:?}");
        }
    }

    #[test]
    fn a_clock_that_jumps_while_the_desk_runs_moves_a_day_at_the_most() {
        let mut calendar = Calendar::resume(None, at(20_000));
        assert_eq!(calendar.day(at(20_365), Duration::from_secs(5)), 20_001);
        assert_eq!(calendar.day(at(19_635), Duration::from_secs(6)), 20_001);
        assert_eq!(calendar.day(at(20_000), Duration::from_secs(7)), 20_001);
        assert_eq!(calendar.day(at(20_002), 2 * DAY), 20_002);
    }

    #[test]
    fn a_clock_that_jumps_between_runs_moves_a_few_days_and_never_back() {
        let mut day = 20_000;
        let mut clock = 20_000;
        for jump in [365, -365, -365, 365] {
            let last = Some((day, at(clock)));
            clock += jump;
            let calendar = Calendar::resume(last, at(clock));
            assert!((0..=MAX_STEP_DAYS).contains(&(calendar.today() - day)), "{jump}: {day} to {}", calendar.today());
            day = calendar.today();
        }
        assert_eq!(day, 20_000 + 2 * MAX_STEP_DAYS);
    }
}
