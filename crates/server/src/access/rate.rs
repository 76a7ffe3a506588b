//! [`Rates`]: how many searches each client makes, so that nobody reads the registry through
//! searches.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use registry::ids::ClientId;

/// Searches left to each client: a bucket that fills evenly and holds a minute's worth.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    buckets: Mutex<HashMap<ClientId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rates {
    /// Takes one search of `client`.
    ///
    /// # Errors
    ///
    /// How long it has to wait for the next.
    pub(crate) fn take(
        &self,
        client: &ClientId,
        per_minute: u32,
        now: Instant,
    ) -> Result<(), Duration> {
        let (most, per_second) = (f64::from(per_minute), f64::from(per_minute) / 60.0);
        let mut buckets = self.buckets.lock();
        // Only known clients come here, so the map cannot grow beyond them.
        let bucket = buckets.entry(client.clone()).or_insert(Bucket { left: most, at: now });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * per_second;
        bucket.left = (bucket.left + gained).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / per_second.max(1e-3)));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_empties_and_fills_again_for_each_client() {
        let (rates, start) = (Rates::default(), Instant::now());
        let (one, other) = (ClientId::new("one"), ClientId::new("other"));
        assert!((0..60).all(|_| rates.take(&one, 60, start).is_ok()));
        let wait = rates.take(&one, 60, start).unwrap_err();
        assert!(wait <= Duration::from_secs(1));
        assert!(rates.take(&other, 60, start).is_ok());
        assert!(rates.take(&one, 60, start + Duration::from_secs(1)).is_ok());
        assert!(rates.take(&one, 60, start + Duration::from_secs(1)).is_err());
    }
}
