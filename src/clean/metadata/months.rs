//! The names of the months in the languages of the press: full, genitive and abbreviated forms.
//!
//! Data only; each line is one language, each field one month, forms separated by `|`. Source: Unicode CLDR month names.

/// One line per language, twelve `;`-separated months, forms `|`-separated, in lower case.
const NAMES: &[&str] = &[
    // English
    "january|jan;february|feb|febr;march|mar;april|apr;may;june|jun;july|jul;august|aug;september|sep|sept;october|oct;november|nov;december|dec",
    // German (and Austrian)
    "januar|jänner|jän;februar|feber;märz|mär|mrz|maerz;april;mai;juni;juli;august;september;oktober|okt;november;dezember|dez",
    // French
    "janvier|janv;février|fevrier|févr|fév;mars;avril|avr;mai;juin;juillet|juil;août|aout;septembre;octobre;novembre;décembre|decembre|déc",
    // Spanish, Galician
    "enero|ene|xaneiro;febrero|febreiro;marzo;abril|abr;mayo|maio;junio|xuño;julio|xullo;agosto|ago;septiembre|setiembre|set|setembro;octubre|outubro;noviembre|novembro;diciembre|dic|decembro",
    // Portuguese
    "janeiro;fevereiro|fev;março|marco;abril;maio|mai;junho;julho;agosto;setembro;outubro|out;novembro;dezembro",
    // Italian
    "gennaio|gen|genn;febbraio|febbr;marzo;aprile;maggio|mag|magg;giugno|giu;luglio|lug;agosto;settembre|sett;ottobre|ott;novembre;dicembre",
    // Catalan
    "gener;febrer;març;abril;maig;juny;juliol;agost;setembre;octubre;novembre;desembre|des",
    // Dutch, Afrikaans
    "januari|januarie;februari|februarie;maart|mrt;april;mei;juni|junie;juli|julie;augustus;september;oktober;november;december|desember",
    // Danish, Norwegian, Swedish
    "januar|januari;februar|februari;marts|mars;april;maj|mai;juni;juli;august|augusti;september;oktober;november;december|desember",
    // Icelandic
    "janúar;febrúar;mars;apríl;maí;júní;júlí;ágúst;september;október;nóvember;desember",
    // Finnish
    "tammikuu|tammikuuta|tammi;helmikuu|helmikuuta|helmi;maaliskuu|maaliskuuta|maalis;huhtikuu|huhtikuuta|huhti;toukokuu|toukokuuta|touko;kesäkuu|kesäkuuta|kesä;heinäkuu|heinäkuuta|heinä;elokuu|elokuuta|elo;syyskuu|syyskuuta|syys;lokakuu|lokakuuta|loka;marraskuu|marraskuuta|marras;joulukuu|joulukuuta|joulu",
    // Estonian
    "jaanuar;veebruar|veebr;märts;aprill;mai;juuni;juuli;august;september;oktoober;november;detsember|dets",
    // Latvian
    "janvāris|janvārī|janvāra;februāris|februārī|februāra;marts|martā|marta;aprīlis|aprīlī|aprīļa;maijs|maijā|maija;jūnijs|jūnijā|jūnija;jūlijs|jūlijā|jūlija;augusts|augustā|augusta;septembris|septembrī|septembra;oktobris|oktobrī|oktobra;novembris|novembrī|novembra;decembris|decembrī|decembra",
    // Lithuanian
    "sausis|sausio;vasaris|vasario;kovas|kovo;balandis|balandžio;gegužė|gegužės;birželis|birželio;liepa|liepos;rugpjūtis|rugpjūčio;rugsėjis|rugsėjo;spalis|spalio;lapkritis|lapkričio;gruodis|gruodžio",
    // Polish
    "styczeń|stycznia|sty;luty|lutego|lut;marzec|marca;kwiecień|kwietnia|kwi;maj|maja;czerwiec|czerwca|cze;lipiec|lipca|lip;sierpień|sierpnia|sie;wrzesień|września|wrz;październik|października|paź;listopad|listopada|lis;grudzień|grudnia|gru",
    // Czech
    "leden|ledna|led;únor|února|úno;březen|března|bře;duben|dubna|dub;květen|května|kvě;červen|června|čvn;červenec|července|čvc;srpen|srpna|srp;září|zář;říjen|října|říj;listopadu;prosinec|prosince|pro",
    // Slovak
    "január|januára;február|februára;marec|marca;apríl|apríla;máj|mája;jún|júna;júl|júla;august|augusta;september|septembra;október|októbra;november|novembra;december|decembra",
    // Slovenian
    "januar|januarja;februar|februarja;marec|marca;april|aprila;maj|maja;junij|junija;julij|julija;avgust|avgusta|avg;september|septembra;oktober|oktobra;november|novembra;december|decembra",
    // Croatian, Bosnian
    "siječanj|siječnja|januara;veljača|veljače|februara;ožujak|ožujka;travanj|travnja;svibanj|svibnja;lipanj|lipnja;srpanj|srpnja;kolovoz|kolovoza;rujan|rujna;listopad_hr;studeni|studenog|studenoga;prosinac|prosinca",
    // Serbian (both scripts)
    "јануар|јануара|jan;фебруар|фебруара;март|марта|mart|marta;април|априла|aprila;мај|маја;јун|јуна|juna;јул|јула|jula;август|августа|avgust|avgusta;септембар|септембра|septembar;октобар|октобра|oktobar;новембар|новембра|novembar;децембар|децембра|decembar",
    // Hungarian
    "január|januári;február|februári|febr;március|márc;április|ápr;május|máj;június|jún;július|júl;augusztus;szeptember|szept;október;november;december",
    // Romanian
    "ianuarie|ian;februarie|febr;martie;aprilie;mai;iunie|iun;iulie|iul;august;septembrie;octombrie;noiembrie|noi;decembrie",
    // Albanian
    "janar;shkurt;mars;prill;maj;qershor;korrik;gusht;shtator;tetor;nëntor;dhjetor",
    // Turkish
    "ocak|oca;şubat|şub;mart;nisan|nis;mayıs;haziran|haz;temmuz|tem;ağustos|ağu;eylül|eyl;ekim|eki;kasım|kas;aralık|ara",
    // Azerbaijani
    "yanvar;fevral;mart;aprel;may;iyun;iyul;avqust;sentyabr;oktyabr;noyabr;dekabr",
    // Russian
    "январь|января|янв;февраль|февраля|фев;март|марта|мар;апрель|апреля|апр;май|мая;июнь|июня|июн;июль|июля|июл;август|августа|авг;сентябрь|сентября|сен|сент;октябрь|октября|окт;ноябрь|ноября|ноя;декабрь|декабря|дек",
    // Ukrainian
    "січень|січня;лютий|лютого;березень|березня;квітень|квітня;травень|травня;червень|червня;липень|липня;серпень|серпня;вересень|вересня;жовтень|жовтня;листопада;грудень|грудня",
    // Belarusian
    "студзеня;лютага;сакавіка;красавіка;мая;чэрвеня;ліпеня;жніўня;верасня;кастрычніка;лістапада;снежня",
    // Bulgarian, Macedonian
    "януари|јануари;февруари;март;април;май|мај;юни|јуни;юли|јули;август;септември;октомври;ноември;декември",
    // Greek
    "ιανουάριος|ιανουαρίου|ιαν;φεβρουάριος|φεβρουαρίου|φεβ;μάρτιος|μαρτίου|μαρ;απρίλιος|απριλίου|απρ;μάιος|μαΐου|μαίου|μαϊ;ιούνιος|ιουνίου|ιουν;ιούλιος|ιουλίου|ιουλ;αύγουστος|αυγούστου|αυγ;σεπτέμβριος|σεπτεμβρίου|σεπ;οκτώβριος|οκτωβρίου|οκτ;νοέμβριος|νοεμβρίου|νοε;δεκέμβριος|δεκεμβρίου|δεκ",
    // Arabic (Gregorian and Levantine names)
    "يناير|جانفي|كانون_الثاني;فبراير|فيفري|شباط;مارس|آذار;أبريل|ابريل|أفريل|نيسان;مايو|ماي|أيار;يونيو|يونيه|جوان|حزيران;يوليو|يوليه|جويلية|تموز;أغسطس|اغسطس|أوت|آب;سبتمبر|أيلول;أكتوبر|اكتوبر|تشرين_الأول;نوفمبر|تشرين_الثاني;ديسمبر|كانون_الأول",
    // Hebrew
    "ינואר|בינואר;פברואר|בפברואר;מרץ|במרץ|מרס;אפריל|באפריל;מאי|במאי;יוני|ביוני;יולי|ביולי;אוגוסט|באוגוסט;ספטמבר|בספטמבר;אוקטובר|באוקטובר;נובמבר|בנובמבר;דצמבר|בדצמבר",
    // Persian names of the Gregorian months
    "ژانویه;فوریه;مارس;آوریل;مه;ژوئن;ژوئیه|جولای;اوت|آگوست;سپتامبر;اکتبر;نوامبر;دسامبر",
    // Urdu
    "جنوری;فروری;مارچ;اپریل;مئی;جون;جولائی;اگست;ستمبر;اکتوبر;نومبر;دسمبر",
    // Hindi, Marathi
    "जनवरी|जानेवारी;फ़रवरी|फरवरी|फेब्रुवारी;मार्च;अप्रैल|एप्रिल;मई|मे;जून;जुलाई|जुलै;अगस्त|ऑगस्ट;सितंबर|सितम्बर|सप्टेंबर;अक्टूबर|अक्तूबर|ऑक्टोबर;नवंबर|नवम्बर|नोव्हेंबर;दिसंबर|दिसम्बर|डिसेंबर",
    // Bengali
    "জানুয়ারি|জানুয়ারী;ফেব্রুয়ারি|ফেব্রুয়ারী;মার্চ;এপ্রিল;মে;জুন;জুলাই;আগস্ট;সেপ্টেম্বর;অক্টোবর;নভেম্বর;ডিসেম্বর",
    // Tamil
    "ஜனவரி;பிப்ரவரி;மார்ச்;ஏப்ரல்;மே;ஜூன்;ஜூலை;ஆகஸ்ட்;செப்டம்பர்;அக்டோபர்;நவம்பர்;டிசம்பர்",
    // Indonesian, Malay
    "januari;februari|pebruari;maret|mac;april;mei;juni|jun;juli|julai;agustus|agu|agt|ogos;september;oktober;november|nop;desember|disember|dis",
    // Vietnamese writes numbers; Filipino
    "enero;pebrero;marso;abril;mayo;hunyo;hulyo;agosto;setyembre;oktubre;nobyembre;disyembre",
    // Swahili
    "januari;februari;machi;aprili;mei;juni;julai;agosti;septemba;oktoba;novemba;desemba",
    // Thai
    "มกราคม|ม.ค;กุมภาพันธ์|ก.พ;มีนาคม|มี.ค;เมษายน|เม.ย;พฤษภาคม|พ.ค;มิถุนายน|มิ.ย;กรกฎาคม|ก.ค;สิงหาคม|ส.ค;กันยายน|ก.ย;ตุลาคม|ต.ค;พฤศจิกายน|พ.ย;ธันวาคม|ธ.ค",
    // Welsh, Irish, Basque
    "ionawr;chwefror;mawrth;ebrill;mai;mehefin;gorffennaf;awst;medi;hydref;tachwedd;rhagfyr",
    "eanáir;feabhra;márta;aibreán;bealtaine;meitheamh;iúil;lúnasa;meán_fómhair;deireadh_fómhair;samhain;nollaig",
    "urtarrila|urtarrilaren;otsaila|otsailaren;martxoa|martxoaren;apirila|apirilaren;maiatza|maiatzaren;ekaina|ekainaren;uztaila|uztailaren;abuztua|abuztuaren;iraila|irailaren;urria|urriaren;azaroa|azaroaren;abendua|abenduaren",
];

/// The month (1–12) that a lower-case word names in any of the languages; the first language that knows it wins.
///
/// "listopad" is October in Croatian and November in Polish and Czech; without a language only the latter is read.
pub(super) fn month_of(word: &str) -> Option<i8> {
    static INDEX: std::sync::LazyLock<std::collections::HashMap<&'static str, i8>> = std::sync::LazyLock::new(|| {
        let mut index = std::collections::HashMap::new();
        for language in NAMES {
            for (month, forms) in (1i8..).zip(language.split(';')) {
                for form in forms.split('|') {
                    index.entry(form).or_insert(month);
                }
            }
        }
        index
    });
    INDEX.get(word.trim_end_matches('.')).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_names_twelve_months() {
        for language in NAMES {
            assert_eq!(language.split(';').count(), 12, "{language}");
        }
    }

    #[test]
    fn names_are_found_in_any_language_and_words_are_not() {
        for (word, month) in [("märz", 3), ("grudnia", 12), ("août", 8), ("sept.", 9), ("февраля", 2), ("listopad", 11)]
        {
            assert_eq!(month_of(word), Some(month), "{word}");
        }
        assert_eq!(month_of("marching"), None);
        assert_eq!(month_of(""), None);
    }
}
