//! How often one address may try a password or a one-time token.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use axum::extract::ConnectInfo;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use http::{HeaderMap, request::Parts};

use crate::settings::ServerSettings;

/// From so many addresses on, those that have been quiet are forgotten.
const ADDRESSES_KEPT: usize = 10_000;

/// Counts attempts by address.
pub(super) struct Arrivals {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Arrivals {
    /// Lets each address try so often in a minute, all at once or spread.
    pub(super) fn new(per_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts an attempt; gives after how many seconds to come back if it is one too many.
    pub(super) fn admit(&self, address: Option<IpAddr>) -> Result<(), u64> {
        if self.limiter.len() > ADDRESSES_KEPT {
            self.limiter.retain_recent();
        }
        // Without an address, which only tests leave out, all are one.
        let key = address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network_of);
        self.limiter
            .check_key(&key)
            .map_err(|until| until.wait_time_from(self.clock.now()).as_secs() + 1)
    }
}

/// One customer of a network provider: an IPv4 address, the first 64 bits of an IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

/// Where a request comes from. A trusted gateway is believed, which sends for everybody: the
/// address that it added to `X-Forwarded-For` itself, the last (contract S19).
pub(super) fn address(parts: &Parts, settings: &ServerSettings) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>()?.0.ip();
    let is_gateway = settings.gateways.iter().any(|network| network.contains(peer));
    let forwarded = if is_gateway { last_forwarded(&parts.headers) } else { None };
    Some(forwarded.unwrap_or(peer))
}

fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all("x-forwarded-for").iter().next_back()?;
    value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn address_is_let_in_only_so_often() {
        let arrivals = Arrivals::new(3);
        let (one, two) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        for _ in 0..3 {
            assert_eq!(arrivals.admit(one), Ok(()));
        }
        assert!(arrivals.admit(one).is_err_and(|seconds| (1..=21).contains(&seconds)));
        assert!(arrivals.admit("::ffff:192.0.2.1".parse().ok()).is_err());
        assert_eq!(arrivals.admit(two), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let arrivals = Arrivals::new(1);
        assert!(arrivals.admit("2001:db8::1".parse().ok()).is_ok());
        assert!(arrivals.admit("2001:db8::2".parse().ok()).is_err());
        assert!(arrivals.admit("2001:db8:0:1::1".parse().ok()).is_ok());
    }

    #[test]
    fn s19_forwarded_address_is_believed_only_from_a_gateway() {
        let mut settings = ServerSettings::new("1");
        settings.gateways = vec!["10.0.0.1".parse().unwrap()];
        let check = |peer: &str, header: &str, expected: &str| {
            let request = Request::builder().header("x-forwarded-for", header);
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let peer: std::net::SocketAddr = format!("{peer}:1").parse().unwrap();
            parts.extensions.insert(ConnectInfo(peer));
            assert_eq!(address(&parts, &settings), expected.parse().ok(), "{header}");
        };
        check("192.0.2.9", "192.0.2.1", "192.0.2.9");
        check("10.0.0.1", "192.0.2.1", "192.0.2.1");
        check("10.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.2");
        check("10.0.0.1", "nonsense", "10.0.0.1");
    }
}
