//! What people may do: permissions, and the roles that bundle them (ui.md 3.0).

/// Something that a request needs and a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Search persons.
    PatientSearch,
    /// Open a person.
    PatientRead,
    /// Unmask fields.
    PatientReveal,
    /// See the queue, explanations and the matrix of matches.
    MatchRead,
    /// Accept, reject, move, give a new CRUID, undo own decisions.
    MatchDecide,
    /// Break and unbreak.
    MatchBreak,
    /// Take over items, settle second reviews, undo others' decisions.
    MatchSupervise,
    /// See rules.
    RulesRead,
    /// Draft rules.
    RulesDraft,
    /// Put rules into force.
    RulesPublish,
    /// Import.
    ImportRun,
    /// See imports and their reports.
    ImportRead,
    /// Read the audit log.
    AuditRead,
    /// Take the audit log out.
    AuditExport,
    /// Accounts.
    UserManage,
    /// Roles.
    RoleManage,
    /// Submitting systems and their certificates.
    ClientManage,
    /// Settings.
    SettingsManage,
    /// See health.
    SystemRead,
    /// Retry and re-index.
    SystemOperate,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 20] = [
        Self::PatientSearch,
        Self::PatientRead,
        Self::PatientReveal,
        Self::MatchRead,
        Self::MatchDecide,
        Self::MatchBreak,
        Self::MatchSupervise,
        Self::RulesRead,
        Self::RulesDraft,
        Self::RulesPublish,
        Self::ImportRun,
        Self::ImportRead,
        Self::AuditRead,
        Self::AuditExport,
        Self::UserManage,
        Self::RoleManage,
        Self::ClientManage,
        Self::SettingsManage,
        Self::SystemRead,
        Self::SystemOperate,
    ];

    /// What people read, such as `patient.search`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PatientSearch => "patient.search",
            Self::PatientRead => "patient.read",
            Self::PatientReveal => "patient.reveal",
            Self::MatchRead => "match.read",
            Self::MatchDecide => "match.decide",
            Self::MatchBreak => "match.break",
            Self::MatchSupervise => "match.supervise",
            Self::RulesRead => "rules.read",
            Self::RulesDraft => "rules.draft",
            Self::RulesPublish => "rules.publish",
            Self::ImportRun => "import.run",
            Self::ImportRead => "import.read",
            Self::AuditRead => "audit.read",
            Self::AuditExport => "audit.export",
            Self::UserManage => "user.manage",
            Self::RoleManage => "role.manage",
            Self::ClientManage => "client.manage",
            Self::SettingsManage => "settings.manage",
            Self::SystemRead => "system.read",
            Self::SystemOperate => "system.operate",
        }
    }
}

/// What a person does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Decides on matches; OpenCR's `deduplication`.
    Steward,
    /// Settles what stewards leave open.
    Supervisor,
    /// Brings data in.
    DataManager,
    /// Drafts rules.
    RulesManager,
    /// Watches what the others do.
    Auditor,
    /// Runs the installation; OpenCR's `admin`. Sees no patients.
    Admin,
}

use Permission as P;

const VIEWER: &[P] = &[P::PatientSearch, P::PatientRead, P::MatchRead];
const STEWARD: &[P] = &[P::PatientReveal, P::MatchDecide, P::MatchBreak];
const SUPERVISOR: &[P] = &[P::MatchSupervise, P::RulesRead, P::ImportRead, P::AuditRead];
const DATA_MANAGER: &[P] =
    &[P::PatientSearch, P::PatientRead, P::ImportRun, P::ImportRead, P::RulesRead];
const RULES_MANAGER: &[P] = &[P::MatchRead, P::RulesRead, P::RulesDraft];
const AUDITOR: &[P] = &[P::AuditRead, P::AuditExport, P::MatchRead];
const ADMIN: &[P] = &[
    P::UserManage,
    P::RoleManage,
    P::ClientManage,
    P::SettingsManage,
    P::SystemRead,
    P::SystemOperate,
];

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::Steward,
        Self::Supervisor,
        Self::DataManager,
        Self::RulesManager,
        Self::Auditor,
        Self::Admin,
    ];

    /// The word for it in forms and answers; OpenCR's where OpenCR has one (contract 1.5).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Steward => "deduplication",
            Self::Supervisor => "supervisor",
            Self::DataManager => "data-manager",
            Self::RulesManager => "rules-manager",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Reads the word; `steward` is understood, too.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "steward" {
            return Some(Self::Steward);
        }
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether the role brings `permission`.
    pub fn allows(self, permission: Permission) -> bool {
        let parts: &[&[P]] = match self {
            Self::Viewer => &[VIEWER],
            Self::Steward => &[VIEWER, STEWARD],
            Self::Supervisor => &[VIEWER, STEWARD, SUPERVISOR],
            Self::DataManager => &[DATA_MANAGER],
            Self::RulesManager => &[RULES_MANAGER],
            Self::Auditor => &[AUDITOR],
            Self::Admin => &[ADMIN],
        };
        parts.iter().any(|part| part.contains(&permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_survives_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("steward"), Some(Role::Steward));
        for unknown in ["", "Admin", "root", "admin "] {
            assert_eq!(Role::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn roles_allow_what_the_specification_says() {
        for (role, permission, expected) in [
            (Role::Viewer, P::PatientSearch, true),
            (Role::Viewer, P::MatchDecide, false),
            (Role::Steward, P::MatchBreak, true),
            (Role::Steward, P::MatchSupervise, false),
            (Role::Supervisor, P::MatchBreak, true),
            (Role::Supervisor, P::AuditExport, false),
            (Role::DataManager, P::MatchRead, false),
            (Role::RulesManager, P::RulesPublish, false),
            (Role::Auditor, P::PatientReveal, false),
            (Role::Auditor, P::PatientRead, false),
            (Role::Admin, P::UserManage, true),
            (Role::Admin, P::PatientRead, false),
            (Role::Admin, P::AuditRead, false),
        ] {
            assert_eq!(role.allows(permission), expected, "{role:?} {permission:?}");
        }
    }
}
