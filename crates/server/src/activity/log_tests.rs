//! The logs as trees, on both engines.

#![allow(clippy::unwrap_used)]

use super::{
    Record, What, append_record, job, leaf,
    leaf::Leaf,
    log::{self, LOGS, SERVICE},
    merkle::{self, Edge, Hash, leaf_hash},
    note::Checkpoint,
    store::tree,
};
use crate::{
    db::on,
    testing::{World, worlds},
};
use uuid::Uuid;
use wire::ids::TenantId;

/// Writes records, as the service would, all in one transaction.
async fn write(world: &World, tenant: Option<TenantId>, count: u32) {
    let mut tx = world
        .app
        .db
        .begin(crate::db::Scope::Everybody)
        .await
        .unwrap();
    for n in 0..count {
        let record = Record {
            tenant,
            user: None,
            who: "花子",
            address: "198.51.100.9",
            what: What::SignedIn,
            subject: None,
            detail: &format!("no {n}"),
        };
        append_record(&world.app, &mut tx, &record).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn checkpoint(world: &World, log: Uuid) -> Checkpoint {
    let row = log::checkpoint(&world.app, log).await.unwrap().unwrap();
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    let origin = tree::log(&mut tx, log).await.unwrap().unwrap().origin;
    Checkpoint::open(&row.note, &log::vkey(&world.app, &origin)).unwrap()
}

async fn leaves(world: &World, log: Uuid) -> Vec<String> {
    let mut tx = world
        .app
        .db
        .read(crate::db::Scope::Everybody)
        .await
        .unwrap();
    tree::leaves(&mut tx, log, 0, i64::MAX).await.unwrap()
}

fn root(leaves: &[String]) -> Hash {
    let mut edge = Edge::default();
    for leaf in leaves {
        edge.push(leaf_hash(leaf.as_bytes()), |_, _, _| ());
    }
    edge.root()
}

#[tokio::test]
async fn each_customer_has_a_log_of_its_own_and_a_checkpoint_covers_all_of_it() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        write(&world, Some(shoji.tenant), 5).await;
        write(&world, Some(harbour.tenant), 3).await;
        write(&world, None, 2).await;
        for (log, size) in [(shoji.tenant.0, 5), (harbour.tenant.0, 3), (SERVICE, 2)] {
            let leaves = leaves(&world, log).await;
            for (index, leaf) in leaves.iter().enumerate() {
                let leaf = Leaf::parse(leaf).unwrap();
                assert_eq!((leaf.log, leaf.index), (log, index as u64));
            }
            let checkpoint = checkpoint(&world, log).await;
            assert_eq!(checkpoint.size, size);
            assert_eq!(checkpoint.root, root(&leaves));
            assert!(checkpoint.origin.ends_with(&format!("/log/{log}")));
        }
    }
}

#[tokio::test]
async fn checkpoints_grow_out_of_each_other_and_every_proof_holds() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let mut earlier = Vec::new();
        for count in [1, 2, 254, 1, 300, 700] {
            write(&world, Some(tenant), count).await;
            earlier.push(checkpoint(&world, tenant.0).await);
        }
        let leaves = leaves(&world, tenant.0).await;
        let last = earlier.last().unwrap().clone();
        assert_eq!((last.size, last.root), (1258, root(&leaves)));
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        for old in &earlier {
            let ranges = merkle::consistency(old.size, last.size);
            let proof = log::proof(&mut tx, tenant.0, &ranges).await.unwrap();
            let (from, to) = ((old.size, &old.root), (last.size, &last.root));
            assert!(merkle::is_consistent(from, to, &proof), "{}", old.size);
        }
        for index in [0, 1, 255, 256, 511, 512, 1024, 1257] {
            let ranges = merkle::inclusion(index, last.size);
            let proof = log::proof(&mut tx, tenant.0, &ranges).await.unwrap();
            let leaf = leaf_hash(leaves[usize::try_from(index).unwrap()].as_bytes());
            assert!(merkle::is_included(
                &leaf, index, last.size, &proof, &last.root
            ));
        }
    }
}

#[tokio::test]
async fn nothing_new_needs_no_new_checkpoint_and_a_restart_changes_nothing() {
    for mut world in worlds().await {
        let tenant = world.customers[0].tenant;
        write(&world, Some(tenant), 3).await;
        let first = log::checkpoint(&world.app, tenant.0)
            .await
            .unwrap()
            .unwrap();
        world.pass_ms(60_000);
        world.restart().await;
        let again = log::checkpoint(&world.app, tenant.0)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((first.note, first.at_ms), (again.note, again.at_ms));
    }
}

#[tokio::test]
async fn the_log_of_the_logs_holds_every_checkpoint() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        write(&world, Some(shoji.tenant), 3).await;
        write(&world, Some(harbour.tenant), 3).await;
        job::pass(&world.app).await.unwrap();
        job::pass(&world.app).await.unwrap();
        let leaves = leaves(&world, LOGS).await;
        assert_eq!(leaves.len(), 2);
        assert_eq!(checkpoint(&world, LOGS).await.root, root(&leaves));
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        for tenant in [shoji.tenant.0, harbour.tenant.0] {
            let row = tree::last_checkpoint(&mut tx, tenant)
                .await
                .unwrap()
                .unwrap();
            let at = usize::try_from(row.logs_index.unwrap()).unwrap();
            let salt = leaf::decode(&row.salt.unwrap()).unwrap();
            let leaf = Leaf::parse(&leaves[at]).unwrap();
            assert_eq!(leaf.content, leaf::commit(&salt, &row.note));
        }
    }
}

#[tokio::test]
async fn an_act_that_fails_leaves_no_gap() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        write(&world, Some(tenant), 2).await;
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        assert_eq!(
            tree::next_indexes(&mut tx, tenant.0, 1).await.unwrap(),
            Some(2)
        );
        drop(tx);
        write(&world, Some(tenant), 2).await;
        assert_eq!(leaves(&world, tenant.0).await.len(), 4);
        assert_eq!(checkpoint(&world, tenant.0).await.size, 4);
    }
}

#[tokio::test]
async fn many_at_once_get_one_place_each() {
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let writers = (0..8).map(|_| async {
            for _ in 0..10 {
                write(&world, Some(tenant), 1).await;
                log::checkpoint(&world.app, tenant.0).await.unwrap();
            }
        });
        futures_util::future::join_all(writers).await;
        let leaves = leaves(&world, tenant.0).await;
        assert_eq!(leaves.len(), 80);
        assert_eq!(checkpoint(&world, tenant.0).await.root, root(&leaves));
    }
}

#[tokio::test]
async fn records_of_the_time_before_the_trees_get_their_places() {
    const OLD: &str = "INSERT INTO activity (id, tenant_id, at_ms, user_id, who, address, what, subject_id, detail)
        VALUES ($1, $2, $3, NULL, 'hana', '', 'identity.signed_in', NULL, '')";
    for world in worlds().await {
        let tenant = world.customers[0].tenant;
        let mut tx = world
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        for n in 0..3_i64 {
            let id = Uuid::from_u128(n.cast_unsigned().into());
            on!(&mut tx, c => sqlx::query(OLD).bind(id).bind(tenant).bind(n).execute(c).await.map(drop)).unwrap();
        }
        tx.commit().await.unwrap();
        for _ in 0..2 {
            super::adopt(&world.app).await.unwrap();
            let leaves = leaves(&world, tenant.0).await;
            let times: Vec<i64> = leaves
                .iter()
                .map(|leaf| Leaf::parse(leaf).unwrap().at_ms)
                .collect();
            assert_eq!(times, [0, 1, 2]);
        }
    }
}
