//! Words that hint at a stance whatever the topic, in English, Russian, Ukrainian, Turkish and Arabic.
//!
//! The lists were written for the project. A word ending in `*` stands for every word that begins so. Spelling is the
//! normalised one: lower case, ё as е, straight apostrophes.

use super::flags::Flags;
use rustc_hash::FxHashMap;

/// The kinds of hints, as bits of a [`Cues`] set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// not, never, нет, değil …
    Negation,
    /// who, why, где …
    Question,
    /// fake, proof, source, вброс …
    Doubt,
    /// denies, debunked, опроверг …
    Refutation,
    /// reportedly, maybe, якобы …
    Hedge,
    /// says, announced, заявил …
    Report,
    /// yes, exactly, right, наконец …
    Agreement,
    /// peace, stop, enough, хватит …
    Peace,
    /// died, killed, погибли …
    Death,
    /// I, we, мы …
    FirstPerson,
    /// you, ты …
    SecondPerson,
    /// lol, haha, ахах …
    Laughter,
}

/// All cues with their names in explanations and reports.
pub const CUES: [(Cue, &str); 12] = [
    (Cue::Negation, "negation"),
    (Cue::Question, "question word"),
    (Cue::Doubt, "doubt"),
    (Cue::Refutation, "refutation"),
    (Cue::Hedge, "hedge"),
    (Cue::Report, "report"),
    (Cue::Agreement, "agreement"),
    (Cue::Peace, "peace"),
    (Cue::Death, "death"),
    (Cue::FirstPerson, "first person"),
    (Cue::SecondPerson, "second person"),
    (Cue::Laughter, "laughter"),
];

/// A set of [`Cue`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cues(u16);

impl Cues {
    /// Whether `cue` is in the set.
    pub fn has(self, cue: Cue) -> bool {
        self.0 & (1 << cue as u16) != 0
    }

    /// Whether a cue that questions or denies is in the set.
    pub fn denies(self) -> bool {
        self.has(Cue::Doubt) || self.has(Cue::Refutation) || self.has(Cue::Negation)
    }

    /// The set as flags, in the order of [`CUES`].
    pub fn flags(self) -> Flags {
        Flags::from(self.0)
    }

    /// The cues of either set.
    pub fn union(self, other: Cues) -> Cues {
        Cues(self.0 | other.0)
    }
}

const WORDS: [(Cue, &str); 12] = [
    (
        Cue::Negation,
        "no not never none nobody nothing nowhere neither nor cannot can't cant don't dont doesn't doesnt didn't didnt \
         isn't isnt aren't arent wasn't wasnt weren't won't wont wouldn't couldn't shouldn't ain't haven't hasn't hadn't \
         without nope nah hardly barely unlikely impossible \
         не нет нету ни никто ничего никогда нигде никак никакой никакая никакие никаких нельзя невозможно вряд без \
         ні нема немає ніхто нічого ніколи неможливо навряд \
         hayır yok değil asla hiç hiçbir olmaz \
         لا ليس لم لن ما غير بدون ليست",
    ),
    (
        Cue::Question,
        "who what when where why how which whose \
         кто что когда где зачем почему как какой какая какие сколько откуда куда чей разве неужели \
         хто що коли де навіщо чому як який яка які скільки звідки куди хіба невже \
         kim ne neden niçin niye nerede nasıl hangi kaç mı mi mu mü \
         هل من ماذا متى أين لماذا كيف كم",
    ),
    (
        Cue::Doubt,
        "fake* faked faking hoax* bs bullshit bollocks nonsense lie lies lied lying liar* propaganda staged photoshop* \
         shopped cgi proof prove* evidence source* unconfirmed verify verified verification doubt* dubious suspicious \
         skeptical sceptical believe unbelievable rumor* rumour* allegedly supposedly really sure misleading clickbait \
         fishy debunk* conspiracy fabricat* edited doctored ai-generated deepfake* game \
         фейк* вброс* вранье враки ложь лгут лжет врут врет врете врешь брехня брехло пропаганд* постановк* постанова \
         фотошоп* монтаж* доказательств* доказать пруф* источник* сомнева* сомнительн* сомнение неправда липа утка слухи \
         сказки сказочник* выдум* якобы типа верю верится поверю правда проверить подтвержд* нейросет* дипфейк* игра игры \
         брехн* доказ* джерел* сумнів* вигад* чутки \
         sahte yalan kanıt kaynak şüphe inanmıyorum montaj propaganda iddia \
         كذب كاذب دليل مصدر إشاعة مفبرك دعاية",
    ),
    (
        Cue::Refutation,
        "deny denies denied denying denial debunk* refute* reject* false falsely untrue incorrect wrong dismiss* disprove* \
         contradict* hoax* fake* retract* myth* didn't not wasn't isn't never \
         опроверг* опровергл* отрица* отверг* ложн* недостоверн* фейк* неверн* миф* разоблач* постановочн* не \
         спросту* запереч* хибн* \
         yalanla* reddet* asılsız \
         نفى تنفي ينفي نفت كاذبة زائف",
    ),
    (
        Cue::Hedge,
        "reportedly allegedly apparently supposedly maybe perhaps probably possibly might may could unconfirmed claims \
         claimed claim seems seem suspected rumored rumoured purported* likely \
         якобы вроде кажется наверное возможно видимо похоже будто может мол говорят \
         нібито мабуть можливо здається схоже начебто \
         belki galiba sanırım muhtemelen güya sözde \
         ربما يقال يزعم زعم",
    ),
    (
        Cue::Report,
        "says said say told tells announced announces confirms confirmed reports reported according stated states \
         заявил* сообщил* сообща* сказал* говорит рассказал* подтверд* объявил* передает заявля* \
         заяви* повідом* сказав каже підтверд* оголоси* \
         söyledi açıkladı dedi bildirdi duyurdu doğruladı \
         قال أعلن أكد ذكر صرح",
    ),
    (
        Cue::Agreement,
        "yes yeah yep yup exactly agree* agreed true right correct indeed finally absolutely definitely obviously \
         deserved well good great bravo thanks thank rip congrat* confirmed \
         да ага точно верно согласен согласна правильно именно наконец наконец-то конечно молодцы молодец заслужили \
         поделом браво спасибо слава царствие земля \
         так авжеж згоден правильно нарешті молодці дякую слава \
         evet doğru kesinlikle aynen nihayet aferin sonunda \
         نعم صحيح بالضبط أخيرا طبعا شكرا",
    ),
    (
        Cue::Peace,
        "peace peaceful stop stopped end ending enough ceasefire war wars warmonger* killing kill pointless senseless \
         madness insane insanity draft drafted conscript* mothers sons kids children home die dying negotiat* futile \
         мир мира миру хватит прекратите прекратить остановите остановить остановитесь стоп довольно война войны войну \
         войне войной бойня бойню мясорубк* гибнут гибнуть умирают умирать матери сыновей дети детей домой мобилизаци* \
         переговор* безумие бессмысленн* \
         досить припиніть зупиніть війна війни війну миру діти гинуть \
         barış yeter durdurun savaş savaşa çocuklar ölüyor ateşkes \
         سلام كفى أوقفوا حرب الحرب أطفال يموت",
    ),
    (
        Cue::Death,
        "dead died death deaths killed victims casualties lost loss bodies graves coffin* funeral rip condolences grief \
         погиб* мертв* смерт* убит* жертв* потер* гроб* могил* похорон* соболезн* трехсот* двухсот* \
         загин* вбит* втрат* смерть труни \
         öldü ölü şehit kayıp cenaze \
         قتل قتلى شهيد شهداء موت ضحايا",
    ),
    (
        Cue::FirstPerson,
        "i i'm im i've i'd i'll me my mine we we're us our ours \
         я мы мне меня мой моя мое мои нас нам наш наша наши мной нами \
         ми мені мене мій моя мої нас нам наші \
         ben biz benim bizim bana bize \
         أنا نحن",
    ),
    (
        Cue::SecondPerson,
        "you you're your yours u ur y'all \
         ты вы тебя тебе вас вам твой ваш ваша ваши вами \
         ти ви тебе тобі вас вам ваш \
         sen siz senin sizin size \
         أنت أنتم",
    ),
    (
        Cue::Laughter,
        "lol lmao lmfao rofl haha* hahah* hehe* xd kek ха хаха* ахах* аха хех хехе* хи хихи* лол ржу ржунимагу кек смешно \
         ахаха* jaja* kkkk* random هههه* 😂 🤣 😆 😁 😅 🤡",
    ),
];

/// Looks words up in the lists.
#[derive(Debug, Clone)]
pub struct Lexicon {
    words: FxHashMap<&'static str, Cues>,
    /// The beginnings of words, by their first two bytes.
    beginnings: FxHashMap<[u8; 2], Vec<(&'static str, Cues)>>,
}

impl Default for Lexicon {
    fn default() -> Self {
        let mut lexicon = Lexicon {
            words: FxHashMap::default(),
            beginnings: FxHashMap::default(),
        };
        for (cue, words) in WORDS {
            let cues = Cues(1 << cue as u16);
            for word in words.split_whitespace() {
                match (word.strip_suffix('*'), word.as_bytes().first_chunk()) {
                    (Some(beginning), Some(two)) => {
                        let alike = lexicon.beginnings.entry(*two).or_default();
                        alike.push((beginning, cues));
                    }
                    _ => {
                        let known = lexicon.words.entry(word).or_default();
                        *known = known.union(cues);
                    }
                }
            }
        }
        lexicon
    }
}

impl Lexicon {
    /// The cues that the normalised word `word` gives; a hashtag gives those of its word.
    pub fn cues(&self, word: &str) -> Cues {
        let word = word.strip_prefix('#').unwrap_or(word);
        let cues = self.words.get(word).copied().unwrap_or_default();
        let two = word.as_bytes().first_chunk::<2>();
        let alike = two.and_then(|two| self.beginnings.get(two));
        let found = alike.into_iter().flatten();
        found
            .filter(|(beginning, _)| word.starts_with(beginning))
            .fold(cues, |cues, (_, more)| cues.union(*more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::normalize;

    #[test]
    fn words_and_beginnings_are_found() {
        let lexicon = Lexicon::default();
        assert!(lexicon.cues("not").has(Cue::Negation));
        assert!(lexicon.cues("опровергли").has(Cue::Refutation));
        assert!(lexicon.cues("#fakenews").has(Cue::Doubt));
        assert!(lexicon.cues("değil").has(Cue::Negation));
        assert_eq!(lexicon.cues("table"), Cues::default());
    }

    #[test]
    fn the_lists_are_spelt_as_normalisation_spells() {
        for (_, words) in WORDS {
            for word in words.split_whitespace() {
                let word = match word.strip_suffix('*') {
                    Some(beginning) => {
                        assert!(beginning.len() >= 2, "{word}");
                        beginning
                    }
                    None => word,
                };
                if !word.ends_with("kkkk") && !word.ends_with("ههه") {
                    assert_eq!(normalize(word), word);
                }
            }
        }
    }
}
