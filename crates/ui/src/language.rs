//! [`Language`]: what pages can be read in, and which one suits somebody.

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, which every text exists in.
    #[default]
    English,
    /// French, complete.
    French,
    /// Portuguese; what is missing is English.
    Portuguese,
    /// Swahili; what is missing is English.
    Swahili,
    /// English made longer and accented: what is cut off or not translated shows.
    Pseudo,
    /// English turned round: what is not mirrored shows.
    PseudoRightToLeft,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::French,
        Self::Portuguese,
        Self::Swahili,
        Self::Pseudo,
        Self::PseudoRightToLeft,
    ];

    /// Its tag (BCP 47). Those of the two for testing are the ones that Android made common.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Portuguese => "pt",
            Self::Swahili => "sw",
            Self::Pseudo => "en-XA",
            Self::PseudoRightToLeft => "ar-XB",
        }
    }

    /// What its readers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
            Self::Portuguese => "Português",
            Self::Swahili => "Kiswahili",
            Self::Pseudo => "Pseudo",
            Self::PseudoRightToLeft => "Pseudo RTL",
        }
    }

    /// `ltr` or `rtl`.
    pub fn direction(self) -> &'static str {
        if self == Self::PseudoRightToLeft { "rtl" } else { "ltr" }
    }

    /// Whether it exists for tests only.
    pub fn is_pseudo(self) -> bool {
        matches!(self, Self::Pseudo | Self::PseudoRightToLeft)
    }

    /// The language with exactly this tag.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language that a browser likes best, by its `Accept-Language` (RFC 9110 section 12.5.4).
    pub fn accepted(header: &str) -> Option<Self> {
        let mut liked: Vec<(f32, Self)> = Vec::new();
        for range in header.split(',').take(RANGES_MAX) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let language = Self::of_tag(&primary).filter(|language| !language.is_pseudo());
            if let (Some(weight), Some(language)) = (weight.filter(|q| *q > 0.0), language) {
                liked.push((weight, language));
            }
        }
        // The first of those that are liked equally.
        liked
            .into_iter()
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|x| x.1)
    }
}

/// Browsers send a handful.
const RANGES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_gets_the_language_it_likes_best() {
        for (header, expected) in [
            ("fr-CA,fr;q=0.9,en;q=0.8", Some(Language::French)),
            ("de, pt-BR;q=0.5, en;q=0.4", Some(Language::Portuguese)),
            ("en;q=0.2, sw;q=0.9", Some(Language::Swahili)),
            ("fr;q=0, en", Some(Language::English)),
            ("de-AT, xx", None),
            ("fr;q=many", None),
            ("en-XA", Some(Language::English)),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn language_survives_its_tag() {
        for language in Language::ALL {
            assert_eq!(Language::of_tag(language.tag()), Some(language));
        }
        assert_eq!(Language::of_tag("FR"), None);
    }
}
