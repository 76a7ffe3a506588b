//! The pages in the bar, and who may open them.

use registry::account::Permission;

/// One page in the bar.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The key of its name.
    pub text: &'static str,
    /// Its address; everything below belongs to it.
    pub address: &'static str,
    /// The keys that open it, one after the other.
    pub keys: &'static str,
    /// What it needs; `None` for everybody who is signed in.
    pub permission: Option<Permission>,
}

/// In the order of the bar. A page that somebody may not open is not shown.
pub(crate) const ITEMS: &[Item] = &[
    Item { text: "nav-home", address: "/ui/", keys: "g d", permission: None },
    Item {
        text: "nav-queue",
        address: "/ui/queue",
        keys: "g q",
        permission: Some(Permission::MatchRead),
    },
    Item {
        text: "nav-search",
        address: "/ui/search",
        keys: "g s",
        permission: Some(Permission::PatientSearch),
    },
];

impl Item {
    /// Whether the page at `path` is this one or belongs to it.
    pub fn holds(&self, path: &str) -> bool {
        match self.address {
            "/ui/" => path.trim_end_matches('/') == "/ui",
            address => path
                .strip_prefix(address)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_below_another_belongs_to_it() {
        let queue = Item { text: "", address: "/ui/queue", keys: "", permission: None };
        assert!(queue.holds("/ui/queue") && queue.holds("/ui/queue/1/matrix"));
        assert!(!queue.holds("/ui/queues") && !queue.holds("/ui/"));
        let home = ITEMS[0];
        assert!(home.holds("/ui/") && home.holds("/ui") && !home.holds("/ui/queue"));
    }
}
