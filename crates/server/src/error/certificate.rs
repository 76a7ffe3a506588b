//! What a caller is told about a certificate that is not good (contract 1.3).

use fhir::{Issue, IssueType};
use http::StatusCode;

use crate::tls::CertificateRefusal;

/// Status and issue of a refused certificate.
pub(super) fn refused(refusal: CertificateRefusal) -> (StatusCode, Issue) {
    let (status, code, text) = match refusal {
        CertificateRefusal::Untrusted => (
            StatusCode::FORBIDDEN,
            IssueType::Security,
            "the CA of this registry's clients did not sign the certificate: ask its operator \
             for one (`opencr client cert issue`)",
        ),
        CertificateRefusal::Expired => (
            StatusCode::FORBIDDEN,
            IssueType::Expired,
            "the certificate is over: ask the registry's operator for another one \
             (`opencr client cert renew`)",
        ),
        CertificateRefusal::NotValidYet => (
            StatusCode::FORBIDDEN,
            IssueType::Security,
            "the certificate has not begun: compare the clocks of both machines",
        ),
        CertificateRefusal::Revoked => (
            StatusCode::FORBIDDEN,
            IssueType::Security,
            "the certificate is revoked: ask the registry's operator for another one",
        ),
        CertificateRefusal::RevocationUnknown => (
            StatusCode::FORBIDDEN,
            IssueType::Security,
            "whether the certificate is revoked cannot be known: the registry's operator has to \
             put a current list of its CA into `tls.revoked`",
        ),
        CertificateRefusal::Purpose => (
            StatusCode::FORBIDDEN,
            IssueType::Security,
            "the certificate is not meant for clients (extended key usage: client auth)",
        ),
        CertificateRefusal::NoName => (
            StatusCode::BAD_REQUEST,
            IssueType::Invalid,
            "the certificate's subject must have one common name (CN): the client's id",
        ),
    };
    (status, Issue::error(code, text))
}
