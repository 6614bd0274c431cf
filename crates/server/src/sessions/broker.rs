//! Where a session should run. Pure: a function of what the hosts say.

use wire::ids::HostId;

/// A host that is linked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The host.
    pub id: HostId,
    /// How many sessions it carries, those on their way included.
    pub sessions: u32,
    /// How many it can carry.
    pub max_sessions: u32,
    /// The images it has.
    pub images: Vec<String>,
    /// Where it stands.
    pub region: String,
}

/// The host with the fewest sessions among those that have room and the image and stand in one of the regions that the
/// customer's contract allows; the lower id when equal, so that the choice can be told from the facts.
#[must_use]
pub fn choose(candidates: &[Candidate], image: &str, regions: &[String]) -> Option<HostId> {
    candidates
        .iter()
        .filter(|host| regions.contains(&host.region))
        .filter(|host| host.sessions < host.max_sessions)
        .filter(|host| host.images.iter().any(|name| name == image))
        .min_by_key(|host| (host.sessions, host.id))
        .map(|host| host.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn host(id: u128, sessions: u32) -> Candidate {
        Candidate {
            id: HostId(Uuid::from_u128(id)),
            sessions,
            max_sessions: 3,
            images: vec!["machine".to_owned()],
            region: "here".to_owned(),
        }
    }

    #[test]
    fn the_least_loaded_host_with_room_and_image_is_chosen() {
        let hosts = [host(1, 2), host(2, 1), host(3, 1), host(4, 3)];
        assert_eq!(choose(&hosts, "machine", &here()), Some(hosts[1].id));
        assert_eq!(choose(&hosts[3..], "machine", &here()), None);
        assert_eq!(choose(&hosts, "other", &here()), None);
    }

    #[test]
    fn nobody_is_placed_where_the_contract_does_not_allow_it() {
        let abroad = Candidate {
            region: "abroad".to_owned(),
            ..host(1, 0)
        };
        let hosts = [abroad, host(2, 2)];
        assert_eq!(choose(&hosts, "machine", &here()), Some(hosts[1].id));
        assert_eq!(choose(&hosts[..1], "machine", &here()), None);
        assert_eq!(choose(&hosts, "machine", &[]), None);
        let both = ["here".to_owned(), "abroad".to_owned()];
        assert_eq!(choose(&hosts, "machine", &both), Some(hosts[0].id));
    }

    fn here() -> Vec<String> {
        vec!["here".to_owned()]
    }

    proptest! {
        /// Whatever the hosts, and in whatever order they are named: nobody is sent where there is no room, nobody is
        /// turned away while there is, and the load spreads.
        #[test]
        fn the_choice_has_room_and_none_has_more(
            loads in proptest::collection::vec((0u32..6, 0u32..6, any::<bool>(), any::<bool>()), 0..8),
        ) {
            let candidate = |(id, load): (usize, &(u32, u32, bool, bool))| Candidate {
                id: HostId(Uuid::from_u128(id as u128)),
                sessions: load.0,
                max_sessions: load.1,
                images: load.2.then(|| "machine".to_owned()).into_iter().collect(),
                region: if load.3 { "here" } else { "abroad" }.to_owned(),
            };
            let mut hosts: Vec<_> = loads.iter().enumerate().map(candidate).collect();
            let fits = |host: &&Candidate| {
                host.sessions < host.max_sessions && !host.images.is_empty() && host.region == "here"
            };
            let fewest = hosts.iter().filter(fits).map(|host| host.sessions).min();
            let chosen = choose(&hosts, "machine", &here());
            let of_chosen = hosts.iter().filter(fits).find(|host| Some(host.id) == chosen);
            prop_assert_eq!(of_chosen.map(|host| host.sessions), fewest);
            hosts.reverse();
            prop_assert_eq!(choose(&hosts, "machine", &here()), chosen);
        }
    }
}
