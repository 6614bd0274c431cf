//! Who may do what. One pure function, asked first by every use case.
//!
//! A thing of another customer never gets this far: it is looked up with the actor's own customer and is not found.

use crate::actor::{Actor, Role};
use wire::ids::UserId;

/// What somebody wants to do in their own organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See the desktops and applications one can open.
    ViewDesktops,
    /// Open one.
    Launch,
    /// See and use a session, or end it.
    UseSession {
        /// Whose session it is.
        owner: UserId,
    },
    /// See the people of the organisation.
    ListUsers,
    /// Invite, change, suspend and remove the people of the organisation.
    ManageUsers,
    /// See what happened in the organisation.
    ReadActivity,
}

/// The policies say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed")]
pub struct Denied;

/// Asks the policies.
pub fn authorize(actor: &Actor, action: Action) -> Result<(), Denied> {
    let allowed = match action {
        Action::ViewDesktops | Action::Launch => true,
        // Nobody, the administrator included, sees another person's desktop.
        Action::UseSession { owner } => owner == actor.user,
        Action::ListUsers | Action::ManageUsers | Action::ReadActivity => {
            actor.role == Role::Administrator
        }
    };
    if allowed { Ok(()) } else { Err(Denied) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::ids::TenantId;

    fn actor(role: Role) -> Actor {
        Actor {
            tenant: TenantId(Uuid::from_u128(1)),
            user: UserId(Uuid::from_u128(2)),
            role,
            full_name: String::new(),
            address: String::new(),
        }
    }

    #[test]
    fn an_administrator_sees_people_but_not_their_desktops() {
        let (user, administrator) = (actor(Role::User), actor(Role::Administrator));
        let other = UserId(Uuid::from_u128(3));
        assert_eq!(authorize(&user, Action::ListUsers), Err(Denied));
        assert_eq!(authorize(&user, Action::ReadActivity), Err(Denied));
        assert_eq!(authorize(&administrator, Action::ListUsers), Ok(()));
        for actor in [user, administrator] {
            assert_eq!(
                authorize(&actor, Action::UseSession { owner: other }),
                Err(Denied)
            );
            assert_eq!(
                authorize(&actor, Action::UseSession { owner: actor.user }),
                Ok(())
            );
        }
    }
}
