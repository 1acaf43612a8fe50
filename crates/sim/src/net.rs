//! Links between servers: connections that keep the order of what is sent, and may be lost.

use std::collections::BTreeMap;

use workmill_cluster::LinkId;

use crate::server::Place;

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// That of the server which asks.
    Server,
    /// That of the one which leads.
    Leader,
}

/// A link.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) server: Place,
    pub(crate) leader: Place,
    /// Whether the ends are open.
    pub(crate) open: [bool; 2],
    /// Whether what is sent to an end vanishes, and nobody is told.
    pub(crate) mute: [bool; 2],
    /// When the last frame arrives at an end.
    last: [u64; 2],
    /// When something arrived at an end for the last time.
    pub(crate) heard: [u64; 2],
}

/// All links there ever were.
#[derive(Debug, Default)]
pub(crate) struct Net {
    pub(crate) links: BTreeMap<LinkId, Link>,
    last: u64,
}

impl End {
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Server => 0,
            Self::Leader => 1,
        }
    }
}

impl Net {
    /// A new link.
    pub(crate) fn connect(&mut self, server: Place, leader: Place, now: u64) -> LinkId {
        self.last += 1;
        let id = LinkId(self.last);
        let link = Link {
            server,
            leader,
            open: [true; 2],
            mute: [false; 2],
            last: [now; 2],
            heard: [now; 2],
        };
        self.links.insert(id, link);
        id
    }

    /// All links to a leader.
    pub(crate) fn links_to(&self, leader: Place) -> Vec<LinkId> {
        let links = self.links.iter();
        let links = links.filter(|(_, link)| link.leader == leader);
        links.map(|(&id, _)| id).collect()
    }

    /// Whether an end is open.
    pub(crate) fn is_open(&self, id: LinkId, end: End) -> bool {
        let link = self.links.get(&id);
        link.is_some_and(|link| link.open.get(end.index()) == Some(&true))
    }

    /// When a frame arrives at an end that takes so long: not before those that were sent earlier. None if it vanishes.
    pub(crate) fn arrival(&mut self, id: LinkId, end: End, now: u64, takes: u64) -> Option<u64> {
        let link = self.links.get_mut(&id)?;
        if link.mute.get(end.index()) == Some(&true) {
            return None;
        }
        let last = link.last.get_mut(end.index())?;
        *last = (*last + 1).max(now + takes);
        Some(*last)
    }

    /// From now on nothing arrives at an end.
    pub(crate) fn mute(&mut self, id: LinkId, end: End) {
        let link = self.links.get_mut(&id);
        if let Some(mute) = link.and_then(|link| link.mute.get_mut(end.index())) {
            *mute = true;
        }
    }

    /// Closes an end; tells whether it was open.
    pub(crate) fn close(&mut self, id: LinkId, end: End) -> bool {
        let link = self.links.get_mut(&id);
        let open = link.and_then(|link| link.open.get_mut(end.index()));
        open.is_some_and(|open| std::mem::replace(open, false))
    }

    /// Something has arrived at an end.
    pub(crate) fn hear(&mut self, id: LinkId, end: End, now: u64) {
        let link = self.links.get_mut(&id);
        if let Some(heard) = link.and_then(|link| link.heard.get_mut(end.index())) {
            *heard = now;
        }
    }

    /// When an end has heard something for the last time.
    pub(crate) fn heard_at(&self, id: LinkId, end: End) -> u64 {
        let link = self.links.get(&id);
        link.and_then(|link| link.heard.get(end.index()).copied())
            .unwrap_or_default()
    }

    /// Forgets links that are closed at both ends.
    pub(crate) fn tidy(&mut self) {
        self.links.retain(|_, link| link.open != [false; 2]);
    }
}
