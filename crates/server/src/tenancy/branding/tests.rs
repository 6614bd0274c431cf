//! A customer's look reaches its own people, shows nobody who is a customer, and serves nothing that somebody sent.

#![allow(clippy::unwrap_used)]

use super::MAX_PICTURE;
use crate::{
    activity::What,
    testing::{Answer, Browser, World, worlds},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(64, 32)
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

/// Sends the form with a picture.
async fn send(
    browser: &mut Browser,
    world: &World,
    fields: &[(&str, &str)],
    file: &[u8],
) -> Answer {
    const LINE: &str = "--b\r\ncontent-disposition: form-data; name=";
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(format!("{LINE}\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
    }
    let head = format!("{LINE}\"logo\"; filename=\"x.png\"\r\ncontent-type: image/png\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = Request::post("/branding")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .header(header::ORIGIN, &world.app.config.public_url)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

fn form<'a>(csrf: &'a str, act: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("csrf", csrf),
        ("act", act),
        ("name_ja", "青葉ポータル"),
        ("name_en", "Aoba portal"),
        ("accent", "#FFEE00"),
    ]
}

#[tokio::test]
async fn a_look_is_previewed_saved_seen_by_ones_own_people_and_reset() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut boss = world.signed_in(&shoji.administrator).await;
        let csrf = boss.csrf().await;
        let jpeg = picture(ImageFormat::Jpeg);
        let preview = send(&mut boss, &world, &form(&csrf, "preview"), &jpeg).await;
        assert_eq!(preview.status, 200);
        assert!(
            preview
                .text
                .contains("/branding/preview.css?accent=%23ffee00")
        );
        assert!(
            preview.text.contains("青葉ポータル")
                && preview.text.contains("data:image/png;base64,")
        );
        // Yellow cannot be read on light pages, and the page says so beside the field.
        assert_eq!(preview.text.matches("badge note").count(), 1);
        let sheet = boss.get("/branding/preview.css?accent=%23ffee00").await;
        assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
        assert!(sheet.text.contains("--ng-lead: light-dark(#"));
        assert!(!boss.get("/desktops").await.text.contains("青葉ポータル"));

        // What the preview carried is what is saved.
        let (_, rest) = preview
            .text
            .split_once("name=\"carried\" value=\"")
            .unwrap();
        let carried = rest.split('"').next().unwrap().to_owned();
        let fields = [&form(&csrf, "save")[..], &[("carried", carried.as_str())]].concat();
        let saved = send(&mut boss, &world, &fields, b"").await;
        assert_eq!(saved.header("location"), "/branding?done=saved");
        let mut user = world.signed_in(&shoji.user).await;
        let page = user.get("/desktops").await.text;
        assert!(page.contains("青葉ポータル") && page.contains("/branding/style.css?v="));
        let (status, png) = user.bytes("/branding/logo.png?v=1").await;
        assert_eq!(status, 200);
        assert!(png.starts_with(b"\x89PNG") && image::load_from_memory(&png).is_ok());
        assert_eq!(user.get("/branding/style.css").await.status, 200);
        // Others see nothing of it, and have none.
        let mut other = world.signed_in(&harbour.user).await;
        assert!(!other.get("/desktops").await.text.contains("青葉"));
        assert_eq!(other.get("/branding/logo.png").await.status, 404);
        assert_eq!(other.get("/branding/style.css").await.status, 404);

        let gone = boss.post("/branding/reset", &[("csrf", &csrf)]).await;
        assert_eq!(gone.status, 303);
        assert!(!user.get("/desktops").await.text.contains("青葉"));
        assert_eq!(user.get("/branding/logo.png").await.status, 404);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(log.contains(&What::BrandingChanged) && log.contains(&What::BrandingReset));
    }
}

#[tokio::test]
async fn the_sign_in_page_of_a_code_tells_nobody_who_is_a_customer() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let mut guest = world.browser();
        let bare = |text: String, code: &str| text.replace(code, "CODE");
        let nobodys = bare(guest.get("/at/nobody").await.text, "nobody");
        // Whoever has no look is as one who is not there.
        assert_eq!(
            bare(guest.get("/at/harbour").await.text, "harbour"),
            nobodys
        );
        assert_eq!(bare(guest.get("/at/shoji").await.text, "shoji"), nobodys);
        for code in ["nobody", "harbour"] {
            for part in ["style.css", "logo.png"] {
                let path = format!("/at/{code}/{part}");
                assert_eq!(guest.get(&path).await.status, 404, "{path}");
            }
        }
        let hostile = guest.get("/at/%3Cb%3E%22").await;
        assert!(hostile.status == 200 && !hostile.text.contains("<b>"));

        let mut boss = world.signed_in(&shoji.administrator).await;
        let csrf = boss.csrf().await;
        let png = picture(ImageFormat::Png);
        send(&mut boss, &world, &form(&csrf, "save"), &png).await;
        let page = guest.get("/at/shoji").await;
        assert!(page.text.contains("青葉ポータル") && page.text.contains("/at/shoji/style.css?v="));
        assert!(!page.text.contains("shoji の会社"));
        let style = guest.get("/at/shoji/style.css").await;
        assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
        let (status, served) = guest.bytes("/at/shoji/logo.png").await;
        assert!(status == 200 && served.starts_with(b"\x89PNG"));
        // Signing in there is signing in: a wrong password keeps the look, somebody of another customer comes in.
        let csrf = page.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("email", "a@b.example"),
            ("password", "x"),
        ];
        let refused = guest.post("/at/shoji", &form).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("青葉ポータル"));
    }
}

#[tokio::test]
async fn what_is_no_picture_or_no_colour_is_refused_beside_its_field() {
    for world in worlds().await {
        let [shoji, _] = &world.customers;
        let mut boss = world.signed_in(&shoji.administrator).await;
        let csrf = boss.csrf().await;
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
        for (file, accent, beside) in [
            (&svg[..], "#274a8a", "logo-error"),
            (&vec![7; MAX_PICTURE + 1][..], "#274a8a", "logo-error"),
            (b"", "red;}body{display:none", "accent-error"),
        ] {
            let mut fields = form(&csrf, "save");
            fields[4].1 = accent;
            let answer = send(&mut boss, &world, &fields, file).await;
            assert_eq!(answer.status, 422, "{beside}");
            assert!(answer.text.contains(beside) && answer.text.contains("value=\"青葉ポータル\""));
        }
        let huge = vec![0; 2 * MAX_PICTURE];
        let refused = send(&mut boss, &world, &form(&csrf, "save"), &huge).await;
        assert!(refused.status.is_client_error());
        // What a preview carries is looked at again.
        let fields = [&form(&csrf, "save")[..], &[("carried", "PHN2Zz4=")]].concat();
        assert_eq!(send(&mut boss, &world, &fields, b"").await.status, 422);
        for path in ["/branding/preview.css?accent=red", "/branding/preview.css"] {
            assert_eq!(boss.get(path).await.status, 404);
        }
        let forged = send(&mut boss, &world, &form("x", "save"), b"").await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        let mut user = world.signed_in(&shoji.user).await;
        let csrf = user.csrf().await;
        assert_eq!(user.get("/branding").await.status, 403);
        let denied = send(&mut user, &world, &form(&csrf, "save"), b"").await;
        assert_eq!(denied.status, 403);
        assert!(
            !world
                .log(Some(shoji.tenant))
                .await
                .contains(&What::BrandingChanged)
        );
    }
}
