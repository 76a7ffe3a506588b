//! [`View`]: which part of the queue somebody works through. It stands in addresses and goes with them
//! from one item to the next, so there is nothing of any person in it.

use super::queue::Tab;

/// What of the queue is left out, as it was typed; empty for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The id of the system that sent the record.
    pub source: String,
    /// The lowest score.
    pub score_from: String,
    /// The highest score.
    pub score_to: String,
    /// For how many days it waits at least.
    pub days: String,
    /// Who works on it.
    pub held: Held,
    /// What comes first; not left out, but kept with the rest.
    pub order: Order,
}

/// Who works on what is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Whoever.
    #[default]
    All,
    /// Who looks.
    Mine,
    /// Nobody.
    Nobody,
}

impl Held {
    /// In the order of the list.
    pub const ALL: [Self; 3] = [Self::All, Self::Mine, Self::Nobody];

    /// As addresses have it; the first is not said.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Mine => "mine",
            Self::Nobody => "nobody",
        }
    }

    /// Reads an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|held| held.as_str() == text)
    }

    /// The key of its name.
    pub fn text(self) -> &'static str {
        match self {
            Self::All => "queue-held-all",
            Self::Mine => "queue-held-mine",
            Self::Nobody => "queue-held-nobody",
        }
    }
}

/// What comes first of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What waits longest.
    #[default]
    Age,
    /// What is likeliest one person.
    Score,
}

impl Order {
    /// In the order of the list.
    pub const ALL: [Self; 2] = [Self::Age, Self::Score];

    /// As addresses have it; the first is not said.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "",
            Self::Score => "score",
        }
    }

    /// Reads an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    /// The key of its name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Age => "queue-order-age",
            Self::Score => "queue-order-score",
        }
    }
}

/// A tab of the queue and what is left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The tab.
    pub tab: Tab,
    /// The filters.
    pub filters: Filters,
    /// The filters as a query, escaped; empty for none.
    pub more: String,
}

impl View {
    /// All of a tab.
    pub fn of(tab: Tab) -> Self {
        Self { tab, filters: Filters::default(), more: String::new() }
    }

    /// What a form that leads on says of it: names and values.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let filters = &self.filters;
        let pairs = [
            ("kind", self.tab.as_str()),
            ("source", &filters.source),
            ("score-from", &filters.score_from),
            ("score-to", &filters.score_to),
            ("days", &filters.days),
            ("held", filters.held.as_str()),
            ("order", filters.order.as_str()),
        ];
        let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// Whether something is left out, or in another order than usual.
    pub fn is_filtered(&self) -> bool {
        !self.more.is_empty()
    }

    /// What addresses of the queue say after their question mark.
    pub fn query(&self) -> String {
        self.query_of(self.tab)
    }

    /// The same filters in another tab.
    pub fn query_of(&self, tab: Tab) -> String {
        let more = if self.more.is_empty() { "" } else { "&" };
        format!("kind={}{more}{}", tab.as_str(), self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_go_along_into_other_tabs() {
        let mut view = View::of(Tab::Conflicts);
        assert_eq!((view.query().as_str(), view.is_filtered()), ("kind=conflict", false));
        view.more = "source=a%20b&days=3".to_owned();
        assert_eq!(view.query_of(Tab::All), "kind=all&source=a%20b&days=3");
        assert!(view.is_filtered());
        assert!(Held::ALL.into_iter().all(|held| Held::parse(held.as_str()) == Some(held)));
        assert_eq!(Held::parse("ann"), None);
        assert!(Order::ALL.into_iter().all(|order| Order::parse(order.as_str()) == Some(order)));
        assert_eq!(Order::parse("name"), None);
    }
}
