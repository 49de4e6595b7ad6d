//! The names of the months in the languages of the press: full, genitive and abbreviated forms; and of the weekdays.
//!
//! Data only; each line is one language, each field one month, forms separated by `|`. Source: Unicode CLDR month names.

/// The languages of each line by their tags, and twelve `;`-separated months, forms `|`-separated, in lower case.
const NAMES: &[(&str, &str)] = &[
    // English
    (
        "en",
        "january|jan;february|feb|febr;march|mar;april|apr;may;june|jun;july|jul;august|aug;september|sep|sept;october|oct;november|nov;december|dec",
    ),
    // German (and Austrian)
    (
        "de",
        "januar|jänner|jän;februar|feber;märz|mär|mrz|maerz;april;mai;juni;juli;august;september;oktober|okt;november;dezember|dez",
    ),
    // French
    (
        "fr",
        "janvier|janv;février|fevrier|févr|fév;mars;avril|avr;mai;juin;juillet|juil;août|aout;septembre;octobre;novembre;décembre|decembre|déc",
    ),
    // Spanish, Galician
    (
        "es gl",
        "enero|ene|xaneiro;febrero|febreiro;marzo;abril|abr;mayo|maio;junio|xuño;julio|xullo;agosto|ago;septiembre|setiembre|set|setembro;octubre|outubro;noviembre|novembro;diciembre|dic|decembro",
    ),
    // Portuguese
    (
        "pt",
        "janeiro;fevereiro|fev;março|marco;abril;maio|mai;junho;julho;agosto;setembro;outubro|out;novembro;dezembro",
    ),
    // Italian
    (
        "it",
        "gennaio|gen|genn;febbraio|febbr;marzo;aprile;maggio|mag|magg;giugno|giu;luglio|lug;agosto;settembre|sett;ottobre|ott;novembre;dicembre",
    ),
    // Catalan
    ("ca", "gener;febrer;març;abril;maig;juny;juliol;agost;setembre;octubre;novembre;desembre|des"),
    // Dutch, Afrikaans
    (
        "nl af",
        "januari|januarie;februari|februarie;maart|mrt;april;mei;juni|junie;juli|julie;augustus;september;oktober;november;december|desember",
    ),
    // Danish, Norwegian, Swedish
    (
        "da no nb nn sv",
        "januar|januari;februar|februari;marts|mars;april;maj|mai;juni;juli;august|augusti;september;oktober;november;december|desember",
    ),
    // Icelandic
    ("is", "janúar;febrúar;mars;apríl;maí;júní;júlí;ágúst;september;október;nóvember;desember"),
    // Finnish
    (
        "fi",
        "tammikuu|tammikuuta|tammi;helmikuu|helmikuuta|helmi;maaliskuu|maaliskuuta|maalis;huhtikuu|huhtikuuta|huhti;toukokuu|toukokuuta|touko;kesäkuu|kesäkuuta|kesä;heinäkuu|heinäkuuta|heinä;elokuu|elokuuta|elo;syyskuu|syyskuuta|syys;lokakuu|lokakuuta|loka;marraskuu|marraskuuta|marras;joulukuu|joulukuuta|joulu",
    ),
    // Estonian
    ("et", "jaanuar;veebruar|veebr;märts;aprill;mai;juuni;juuli;august;september;oktoober;november;detsember|dets"),
    // Latvian
    (
        "lv",
        "janvāris|janvārī|janvāra;februāris|februārī|februāra;marts|martā|marta;aprīlis|aprīlī|aprīļa;maijs|maijā|maija;jūnijs|jūnijā|jūnija;jūlijs|jūlijā|jūlija;augusts|augustā|augusta;septembris|septembrī|septembra;oktobris|oktobrī|oktobra;novembris|novembrī|novembra;decembris|decembrī|decembra",
    ),
    // Lithuanian
    (
        "lt",
        "sausis|sausio;vasaris|vasario;kovas|kovo;balandis|balandžio;gegužė|gegužės;birželis|birželio;liepa|liepos;rugpjūtis|rugpjūčio;rugsėjis|rugsėjo;spalis|spalio;lapkritis|lapkričio;gruodis|gruodžio",
    ),
    // Polish
    (
        "pl",
        "styczeń|stycznia|sty;luty|lutego|lut;marzec|marca;kwiecień|kwietnia|kwi;maj|maja;czerwiec|czerwca|cze;lipiec|lipca|lip;sierpień|sierpnia|sie;wrzesień|września|wrz;październik|października|paź;listopad|listopada|lis;grudzień|grudnia|gru",
    ),
    // Czech
    (
        "cs",
        "leden|ledna|led;únor|února|úno;březen|března|bře;duben|dubna|dub;květen|května|kvě;červen|června|čvn;červenec|července|čvc;srpen|srpna|srp;září|zář;říjen|října|říj;listopad|listopadu|lis;prosinec|prosince|pro",
    ),
    // Slovak
    (
        "sk",
        "január|januára;február|februára;marec|marca;apríl|apríla;máj|mája;jún|júna;júl|júla;august|augusta;september|septembra;október|októbra;november|novembra;december|decembra",
    ),
    // Slovenian
    (
        "sl",
        "januar|januarja;februar|februarja;marec|marca;april|aprila;maj|maja;junij|junija;julij|julija;avgust|avgusta|avg;september|septembra;oktober|oktobra;november|novembra;december|decembra",
    ),
    // Croatian, Bosnian
    (
        "hr bs",
        "siječanj|siječnja|januara|sij;veljača|veljače|februara|velj;ožujak|ožujka|ožu;travanj|travnja|tra;svibanj|svibnja|svi;lipanj|lipnja|lip;srpanj|srpnja|srp;kolovoz|kolovoza|kol;rujan|rujna|ruj;listopad|listopada|lis;studeni|studenog|studenoga|stu;prosinac|prosinca|pro",
    ),
    // Serbian (both scripts)
    (
        "sr",
        "јануар|јануара|jan;фебруар|фебруара;март|марта|mart|marta;април|априла|aprila;мај|маја;јун|јуна|juna;јул|јула|jula;август|августа|avgust|avgusta;септембар|септембра|septembar;октобар|октобра|oktobar;новембар|новембра|novembar;децембар|децембра|decembar",
    ),
    // Hungarian
    (
        "hu",
        "január|januári;február|februári|febr;március|márc;április|ápr;május|máj;június|jún;július|júl;augusztus;szeptember|szept;október;november;december",
    ),
    // Romanian
    (
        "ro",
        "ianuarie|ian;februarie|febr;martie;aprilie;mai;iunie|iun;iulie|iul;august;septembrie;octombrie;noiembrie|noi;decembrie",
    ),
    // Albanian
    ("sq", "janar;shkurt;mars;prill;maj;qershor;korrik;gusht;shtator;tetor;nëntor;dhjetor"),
    // Turkish
    (
        "tr",
        "ocak|oca;şubat|şub;mart;nisan|nis;mayıs;haziran|haz;temmuz|tem;ağustos|ağu;eylül|eyl;ekim|eki;kasım|kas;aralık|ara",
    ),
    // Azerbaijani
    ("az", "yanvar;fevral;mart;aprel;may;iyun;iyul;avqust;sentyabr;oktyabr;noyabr;dekabr"),
    // Russian
    (
        "ru",
        "январь|января|янв;февраль|февраля|фев;март|марта|мар;апрель|апреля|апр;май|мая;июнь|июня|июн;июль|июля|июл;август|августа|авг;сентябрь|сентября|сен|сент;октябрь|октября|окт;ноябрь|ноября|ноя;декабрь|декабря|дек",
    ),
    // Ukrainian
    (
        "uk",
        "січень|січня;лютий|лютого;березень|березня;квітень|квітня;травень|травня;червень|червня;липень|липня;серпень|серпня;вересень|вересня;жовтень|жовтня;листопада;грудень|грудня",
    ),
    // Belarusian
    ("be", "студзеня;лютага;сакавіка;красавіка;мая;чэрвеня;ліпеня;жніўня;верасня;кастрычніка;лістапада;снежня"),
    // Bulgarian, Macedonian
    (
        "bg mk",
        "януари|јануари;февруари;март;април;май|мај;юни|јуни;юли|јули;август;септември;октомври;ноември;декември",
    ),
    // Greek
    (
        "el",
        "ιανουάριος|ιανουαρίου|ιαν;φεβρουάριος|φεβρουαρίου|φεβ;μάρτιος|μαρτίου|μαρ;απρίλιος|απριλίου|απρ;μάιος|μαΐου|μαίου|μαϊ;ιούνιος|ιουνίου|ιουν;ιούλιος|ιουλίου|ιουλ;αύγουστος|αυγούστου|αυγ;σεπτέμβριος|σεπτεμβρίου|σεπ;οκτώβριος|οκτωβρίου|οκτ;νοέμβριος|νοεμβρίου|νοε;δεκέμβριος|δεκεμβρίου|δεκ",
    ),
    // Arabic (Gregorian and Levantine names)
    (
        "ar",
        "يناير|جانفي|كانون_الثاني;فبراير|فيفري|شباط;مارس|آذار;أبريل|ابريل|أفريل|نيسان;مايو|ماي|أيار;يونيو|يونيه|جوان|حزيران;يوليو|يوليه|جويلية|تموز;أغسطس|اغسطس|أوت|آب;سبتمبر|أيلول;أكتوبر|اكتوبر|تشرين_الأول;نوفمبر|تشرين_الثاني;ديسمبر|كانون_الأول",
    ),
    // Hebrew
    (
        "he",
        "ינואר|בינואר;פברואר|בפברואר;מרץ|במרץ|מרס;אפריל|באפריל;מאי|במאי;יוני|ביוני;יולי|ביולי;אוגוסט|באוגוסט;ספטמבר|בספטמבר;אוקטובר|באוקטובר;נובמבר|בנובמבר;דצמבר|בדצמבר",
    ),
    // Persian names of the Gregorian months
    ("fa", "ژانویه;فوریه;مارس;آوریل;مه;ژوئن;ژوئیه|جولای;اوت|آگوست;سپتامبر;اکتبر;نوامبر;دسامبر"),
    // Urdu
    ("ur", "جنوری;فروری;مارچ;اپریل;مئی;جون;جولائی;اگست;ستمبر;اکتوبر;نومبر;دسمبر"),
    // Hindi, Marathi
    (
        "hi mr",
        "जनवरी|जानेवारी;फ़रवरी|फरवरी|फेब्रुवारी;मार्च;अप्रैल|एप्रिल;मई|मे;जून;जुलाई|जुलै;अगस्त|ऑगस्ट;सितंबर|सितम्बर|सप्टेंबर;अक्टूबर|अक्तूबर|ऑक्टोबर;नवंबर|नवम्बर|नोव्हेंबर;दिसंबर|दिसम्बर|डिसेंबर",
    ),
    // Bengali
    ("bn", "জানুয়ারি|জানুয়ারী;ফেব্রুয়ারি|ফেব্রুয়ারী;মার্চ;এপ্রিল;মে;জুন;জুলাই;আগস্ট;সেপ্টেম্বর;অক্টোবর;নভেম্বর;ডিসেম্বর"),
    // Tamil
    ("ta", "ஜனவரி;பிப்ரவரி;மார்ச்;ஏப்ரல்;மே;ஜூன்;ஜூலை;ஆகஸ்ட்;செப்டம்பர்;அக்டோபர்;நவம்பர்;டிசம்பர்"),
    // Indonesian, Malay
    (
        "id ms",
        "januari;februari|pebruari;maret|mac;april;mei;juni|jun;juli|julai;agustus|agu|agt|ogos;september;oktober;november|nop;desember|disember|dis",
    ),
    // Vietnamese writes numbers; Filipino
    ("fil tl", "enero;pebrero;marso;abril;mayo;hunyo;hulyo;agosto;setyembre;oktubre;nobyembre;disyembre"),
    // Swahili
    ("sw", "januari;februari;machi;aprili;mei;juni;julai;agosti;septemba;oktoba;novemba;desemba"),
    // Thai
    (
        "th",
        "มกราคม|ม.ค;กุมภาพันธ์|ก.พ;มีนาคม|มี.ค;เมษายน|เม.ย;พฤษภาคม|พ.ค;มิถุนายน|มิ.ย;กรกฎาคม|ก.ค;สิงหาคม|ส.ค;กันยายน|ก.ย;ตุลาคม|ต.ค;พฤศจิกายน|พ.ย;ธันวาคม|ธ.ค",
    ),
    // Welsh, Irish, Basque
    ("cy", "ionawr;chwefror;mawrth;ebrill;mai;mehefin;gorffennaf;awst;medi;hydref;tachwedd;rhagfyr"),
    (
        "ga",
        "eanáir;feabhra;márta;aibreán;bealtaine;meitheamh;iúil;lúnasa;meán_fómhair;deireadh_fómhair;samhain;nollaig",
    ),
    (
        "eu",
        "urtarrila|urtarrilaren;otsaila|otsailaren;martxoa|martxoaren;apirila|apirilaren;maiatza|maiatzaren;ekaina|ekainaren;uztaila|uztailaren;abuztua|abuztuaren;iraila|irailaren;urria|urriaren;azaroa|azaroaren;abendua|abenduaren",
    ),
];

/// The month (1–12) that a lower-case word names in a language, or where that has no such word, in all that have it.
///
/// "listopad" is October in Croatian and November in Polish and Czech: without a language it is none.
pub(super) fn month_of(word: &str, language: Option<&str>) -> Option<i8> {
    /// The lines that have a word, with the month there.
    type Index = std::collections::HashMap<&'static str, Vec<(usize, i8)>>;
    static INDEX: std::sync::LazyLock<Index> = std::sync::LazyLock::new(|| {
        let mut index = Index::new();
        for (line, (_, months)) in NAMES.iter().enumerate() {
            for (month, forms) in (1i8..).zip(months.split(';')) {
                for form in forms.split('|') {
                    index.entry(form).or_default().push((line, month));
                }
            }
        }
        index
    });
    let found = INDEX.get(word.trim_end_matches('.'))?;
    let primary = language.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default();
    let own = found.iter().find(|(line, _)| NAMES[*line].0.split(' ').any(|tag| tag.eq_ignore_ascii_case(primary)));
    let (_, month) = own.unwrap_or(&found[0]);
    (own.is_some() || found.iter().all(|(_, other)| other == month)).then_some(*month)
}

/// The days of the week, in lower case.
const WEEKDAYS: &str = "
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
    lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles miercoles jueves viernes sábado sabado domingo
    segunda terça quarta quinta sexta feira lunedì martedì mercoledì giovedì venerdì sabato domenica
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag måndag tisdag onsdag torsdag fredag lördag söndag
    mandag tirsdag lørdag søndag maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai
    poniedziałek wtorek środa czwartek piątek sobota niedziela pondělí úterý středa čtvrtek pátek neděle
    понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс
    pazartesi salı çarşamba perşembe cuma cumartesi pazar hétfő kedd szerda csütörtök péntek szombat vasárnap
    luni marți miercuri joi vineri sâmbătă duminică";

/// Whether a lower-case word names a day of the week.
pub fn is_weekday(word: &str) -> bool {
    WEEKDAYS.split_ascii_whitespace().any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_names_twelve_months() {
        for (language, months) in NAMES {
            assert_eq!(months.split(';').count(), 12, "{language}");
        }
    }

    #[test]
    fn names_are_found_in_any_language_and_words_are_not() {
        for (word, month) in [("märz", 3), ("grudnia", 12), ("août", 8), ("sept.", 9), ("февраля", 2)] {
            assert_eq!(month_of(word, None), Some(month), "{word}");
            assert_eq!(month_of(word, Some("hr")), Some(month), "{word}");
        }
        assert_eq!(month_of("marching", None), None);
        assert_eq!(month_of("", None), None);
    }

    #[test]
    fn a_word_of_two_months_is_read_only_in_a_language() {
        for (word, language, month) in [
            ("listopada", "hr", 10),
            ("listopada", "pl-PL", 11),
            ("listopad", "cs", 11),
            ("srp.", "hr_HR", 7),
            ("srp", "cs", 8),
            ("lip", "bs", 6),
            ("lip", "pl", 7),
            ("lis", "hr", 10),
        ] {
            assert_eq!(month_of(word, Some(language)), Some(month), "{word} {language}");
            assert_eq!(month_of(word, Some("en")), None, "{word}");
            assert_eq!(month_of(word, None), None, "{word}");
        }
        let words = NAMES.iter().flat_map(|(_, months)| months.split([';', '|']));
        let mut doubtful: Vec<&str> = words.filter(|word| month_of(word, None).is_none()).collect();
        doubtful.sort_unstable();
        doubtful.dedup();
        assert_eq!(doubtful, ["lip", "lis", "listopad", "listopada", "srp"]);
    }
}
