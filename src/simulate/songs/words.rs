//! Words that titles and artists are made of, in several languages and scripts.

/// A language: how its titles and its artists are put together, and of what. `①` stands for a noun, `②` for an adjective,
/// `③` for a verb, `④` for a first name, `⑤` for a family name.
pub struct Language {
    /// Of a thousand artists, so many sing in it.
    pub share: u32,
    /// Patterns of titles.
    pub titles: &'static [&'static str],
    /// Patterns of artists.
    pub artists: &'static [&'static str],
    /// Nouns.
    pub nouns: &'static str,
    /// Adjectives.
    pub adjectives: &'static str,
    /// Verbs, or what stands for them.
    pub verbs: &'static str,
    /// First names.
    pub firsts: &'static str,
    /// Family names.
    pub families: &'static str,
}

/// The languages.
pub const LANGUAGES: [Language; 12] = [
    Language {
        share: 640,
        titles: &[
            "①", "② ①", "The ①", "The ② ①", "③ the ①", "③ ①", "① and ①", "① of the ①", "My ② ①", "③ You", "③ Me", "②", "① in the ①",
            "No More ①", "Don't Look at the ①", "①/①", "③ (The ① Song)", "② ① Blues", "Where the ① Is ②", "① No. 4: II. ① (②)",
        ],
        artists: &[
            "The ①s", "The ② ①s", "② ①", "④ ⑤", "④ ⑤", "④ ⑤", "① and the ①s", "④ & The ①s", "⑤", "② ①s", "④ ⑤ Trio", "DJ ①", "①/①", "⑤;⑤",
        ],
        nouns: "Harbour Engine Garden Signal Mirror Winter Avenue Compass Lantern Ocean Parade Static River Gravity Summer Rain \
                Highway Thunder Window Shadow Candle Mountain Letter Wire Kingdom Sparrow Machine Carnival Ember Tide Orchard \
                Pilot Anchor Meadow Satellite Station Ribbon Whisper Fever Horizon Ghost Diamond Railroad Moon Desert Firefly",
        adjectives: "Silver Broken Quiet Electric Midnight Golden Restless Paper Distant Velvet Hollow Neon Wild Lonely Crooked \
                     Burning Frozen Tender Hidden Crimson Weary Sudden Gentle Blue Northern Endless Faded Rusty Holy Naïve",
        verbs: "Chasing Losing Finding Leaving Remember Calling Breaking Counting Watching Holding Save Follow Forget Trust",
        firsts: "Ada Marcus Dora Ray Nina Otis Stella Hank June Leroy Ella Cass Jonah Maeve Roy Lucinda Earl Zelda",
        families: "Abbott Calloway Hartley Mercer Sinclair Whitlock Boone Garland Pruitt Vance Ellery Stroud Tolliver Quimby",
    },
    Language {
        share: 90,
        titles: &["①", "① de ①", "③ el ①", "① ②", "Mi ① ②", "¿Dónde está el ①?", "③ conmigo", "① y ①"],
        artists: &["Los ①s", "① ②", "④ ⑤", "④ ⑤ y Los ①s", "Orquesta ① ②", "④ ⑤"],
        nouns: "Corazón Camino Sueño Fuego Cielo Mar Noche Canción Adiós Niño Jardín Balcón Río Ángel Tren Verano",
        adjectives: "Perdido Eterno Dulce Azul Bravo Latino Mágico Último Pequeño Rojo",
        verbs: "Quiero Busco Dame Bailando Soñando Volver Olvidé",
        firsts: "José María Lucía Ángel Inés Joaquín Rocío Andrés Concepción",
        families: "Muñoz Peña Núñez Íñiguez Fernández Ordóñez Valdés Ibáñez",
    },
    Language {
        share: 50,
        titles: &["①", "① ②", "Le ① de ①", "③ le ①", "Été ②", "Où va le ① ?", "À la recherche du ①"],
        artists: &["Les ①s ②", "④ ⑤", "④ ⑤", "① ②"],
        nouns: "Éclair Étoile Château Fenêtre Rêve Forêt Été Garçon Océan Cœur Matin Café",
        adjectives: "Léger Perdu Étrange Éternel Glacé Doré Français Inouï",
        verbs: "Cherchant Où_est Adieu J'écoute Oublier",
        firsts: "Renée François Zoë Jérôme Hélène Anaïs Benoît",
        families: "Lefèvre Béranger Gauthier Dréan Noël Besançon",
    },
    Language {
        share: 45,
        titles: &["①", "②e ①", "① und ①", "③ den ①", "Für ①", "① im ①"],
        artists: &["Die ①e", "④ ⑤", "Das ① Orchester", "① & ①", "④ ⑤"],
        nouns: "Mädchen Straße Sehnsucht Frühling Grüße Schlüssel Träume Wölfe Märchen Zärtlichkeit Kreuzfahrt Nacht",
        adjectives: "Schön Süß Müd Größt Kühl Früh Leis",
        verbs: "Über Vermisse Küsse Grüß Verlier",
        firsts: "Jürgen Käthe Günther Jörg Änne Ulrike Dörte",
        families: "Müller Grönefeld Köhler Schröder Weiß Bäcker",
    },
    Language {
        share: 40,
        titles: &["①", "① do ①", "① ②", "③ o ①", "Canção do ①"],
        artists: &["① ②", "④ ⑤", "Os ①s", "Banda ① ②"],
        nouns: "Saudade Coração Manhã Paixão Maré Chão Verão Ilusão Avião Luar",
        adjectives: "Lindo Brasileiro Sertão Difícil Único Alagado",
        verbs: "Não_quero Cadê Esperando Levou",
        firsts: "João Antônio Conceição Luís Vânia Inácio",
        families: "Gonçalves Simões Magalhães Araújo Falcão",
    },
    Language {
        share: 35,
        titles: &["①", "② ①", "③ ①", "① och ①", "I ② ①"],
        artists: &["④ ⑤", "② ①", "①", "④ ⑤"],
        nouns: "Älskling Sjö Hjärta Måne Døgn Fjell Ljós Höfn Skýjaborg Ø Båt Åska Þoka",
        adjectives: "Grå Blå Grønn Ny Sær Stærk Þögul",
        verbs: "Drømmer_om Där_är Sjung Går_mod",
        firsts: "Björn Åse Søren Þóra Sigríður Håkon Jónas",
        families: "Ålander Sørensen Bjørnstad Guðmundsdóttir Sjögren Ødegård",
    },
    Language {
        share: 25,
        titles: &["①", "② ①", "③ ①", "① a ①"],
        artists: &["④ ⑤", "② ①", "④ ⑤"],
        nouns: "Měsíc Růže Łza Światło Żuraw Půlnoc Déšť Gwiazda Źródło Şarkı Yağmur Gökyüzü",
        adjectives: "Čarovný Źle Wściekły Żółty Tichý Güzel Kırık",
        verbs: "Nešť Śpiewa Hledám Czekając Seni",
        firsts: "Zbyněk Małgorzata Řehoř Łucja Şebnem Çağla",
        families: "Dvořáková Wiśniewski Čapek Żak Yıldız Öztürk",
    },
    Language {
        share: 20,
        titles: &["①", "② ①", "① и ①", "③ ①"],
        artists: &["④ ⑤", "② ①", "①"],
        nouns: "Ночь Дождь Звезда Поезд Снег Река Осень Город Ветер",
        adjectives: "Белый Тихий Дальний Последний Зимний",
        verbs: "Жду Помни Где Улетай",
        firsts: "Анна Борис Галина Сергей Юлия",
        families: "Соколова Журавлёв Ершов Щукина",
    },
    Language {
        share: 10,
        titles: &["①", "② ①", "① και ①"],
        artists: &["④ ⑤", "② ①"],
        nouns: "Θάλασσα Φως Νύχτα Καρδιά Δρόμος Άνοιξη",
        adjectives: "Μικρό Γλυκιά Τελευταίος",
        verbs: "Θυμάμαι",
        firsts: "Ελένη Νίκος Άννα Γιώργος",
        families: "Παπαδάκης Ιωάννου Κωστάκη",
    },
    Language {
        share: 25,
        titles: &["①の①", "②①", "①", "③①", "① (② Mix)"],
        artists: &["⑤④", "②①", "①ズ①", "⑤④"],
        nouns: "夜 光 海 東京 桜 星空 雨 電車 手紙 花火",
        adjectives: "青い 静かな 遠い 真夜中の",
        verbs: "さよなら、 歩く 君と",
        firsts: "花子 健 さくら 美穂 翔太",
        families: "鈴木 中村 小林 椎名",
    },
    Language {
        share: 12,
        titles: &["①", "② ①", "① ①"],
        artists: &["⑤④", "①", "② ①"],
        nouns: "사랑 바람 겨울 하늘 나비 月光 小城 长江",
        adjectives: "푸른 마지막 작은",
        verbs: "안녕",
        firsts: "지은 민수 하늘",
        families: "김 박 이 최",
    },
    Language {
        share: 8,
        titles: &["①", "① ②", "① و ①"],
        artists: &["④ ⑤"],
        nouns: "قلب ليل قمر بحر شمس ريح",
        adjectives: "جميل بعيد صغير",
        verbs: "يا",
        firsts: "فاطمة سمير ليلى",
        families: "حداد منصور خوري",
    },
];

/// What may stand behind a title.
pub const EDITIONS: [&str; 14] = [
    "(Album Version)", "(Live)", "(Remastered)", "(LP Version)", "[Live At The Hall]", "(Radio Edit)", "(Instrumental Version)",
    "(Explicit Album Version)", "(Acoustic)", "(2005 Digital Remaster)", "(Extended Mix)", "(Demo)", "(Back 2 Front Remix)", "(Skit)",
];

/// Titles that everybody uses.
pub const COMMON_TITLES: [&str; 12] =
    ["Intro", "Home", "You", "Forever", "Stay", "Without You", "Angel", "Heaven", "Summertime", "Interlude", "Alone", "Fire"];

/// Where artists come from, as people write it, with latitude and longitude in hundred-thousandths of a degree.
pub const ORIGINS: [(&str, i32, i32); 36] = [
    ("New York, NY", 4_071_455, -7_400_712),
    ("New York, NY [Queens]", 4_070_380, -7_383_168),
    ("California - LA", 3_405_349, -11_824_532),
    ("California - SF", 3_777_916, -12_242_005),
    ("Chicago, IL", 4_188_415, -8_763_241),
    ("London, England", 5_150_632, -12_714),
    ("Detroit, MI", 4_233_168, -8_304_792),
    ("Nashville, TN.", 3_616_778, -8_677_836),
    ("Memphis, TN", 3_514_968, -9_004_892),
    ("Austin, TX", 3_026_759, -9_774_299),
    ("Seattle, Washington USA", 4_760_356, -12_232_944),
    ("Atlanta, GA", 3_374_831, -8_439_111),
    ("Philadelphia, PA", 3_995_227, -7_516_237),
    ("Manchester, England", 5_347_959, -224_881),
    ("Glasgow, Scotland", 5_585_783, -424_251),
    ("Dublin, Ireland", 5_334_399, -626_719),
    ("Paris, France", 4_885_693, 234_120),
    ("Berlin, Germany", 5_251_605, 1_337_691),
    ("Stockholm, Sweden", 5_933_217, 1_806_243),
    ("Reykjavík, Iceland", 6_413_548, -2_189_541),
    ("Oslo, Norway", 5_991_228, 1_074_998),
    ("Madrid, Spain", 4_041_956, -370_382),
    ("Lisboa, Portugal", 3_870_725, -913_655),
    ("São Paulo, Brazil", -2_356_287, -4_665_468),
    ("Buenos Aires, Argentina", -3_460_847, -5_837_197),
    ("México D.F.", 1_943_268, -9_913_421),
    ("Kingston, Jamaica", 1_801_571, -7_679_736),
    ("Lagos, Nigeria", 645_306, 339_575),
    ("Tokyo, Japan", 3_567_048, 13_974_092),
    ("Seoul, Korea", 3_755_679, 12_690_764),
    ("Moscow, Russia", 5_575_697, 3_761_502),
    ("Athens, Greece", 3_797_615, 2_373_640),
    ("Melbourne, Australia", -3_781_753, 14_496_715),
    ("Toronto, Ontario, Canada", 4_364_856, -7_938_533),
    ("Montréal, Québec", 4_550_884, -7_358_781),
    ("Texas", 3_116_891, -10_007_715),
];
