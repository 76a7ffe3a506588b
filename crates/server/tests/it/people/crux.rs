//! OpenCR's built UI from a folder.

use super::*;

async fn plane() -> (tempfile::TempDir, Plane) {
    let folder = tempfile::tempdir().unwrap();
    let gui = folder.path().join("gui");
    std::fs::create_dir_all(gui.join("js")).unwrap();
    std::fs::write(gui.join("index.html"), "<!doctype html>home").unwrap();
    std::fs::write(gui.join("js/app.js"), "made up").unwrap();
    std::fs::write(gui.join(".env"), "secret").unwrap();
    std::fs::write(folder.path().join("outside.txt"), "secret").unwrap();
    let plane = Plane::with(true, |people, _| people.ui_folder = Some(gui)).await;
    (folder, plane)
}

#[tokio::test]
async fn ui_is_served_to_everybody_with_a_policy_it_can_live_with() {
    let (_folder, plane) = plane().await;
    let moved = plane.call("GET", "/crux").send().await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (301, "/crux/"));
    let home = plane.call("GET", "/crux/").send().await;
    assert_eq!((home.status.as_u16(), home.text.as_str()), (200, "<!doctype html>home"));
    assert_eq!(home.header("content-type"), "text/html");
    let policy = home.header("content-security-policy");
    for part in ["'unsafe-eval'", "style-src 'self' 'unsafe-inline'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(home.header("x-content-type-options"), "nosniff");
    assert_eq!(home.header("referrer-policy"), "no-referrer");
    let script = plane.call("GET", "/crux/js/app.js?v=1").send().await;
    assert_eq!((script.status.as_u16(), script.text.as_str()), (200, "made up"));
}

#[tokio::test]
async fn s15_nothing_beside_the_ui_and_no_list_of_it_is_served() {
    let (_folder, plane) = plane().await;
    for path in [
        "/crux/js/",
        "/crux/tmp/report.xlsx",
        "/crux/../outside.txt",
        "/crux/%2e%2e/outside.txt",
        "/crux/..%2foutside.txt",
        "/crux/js/../../outside.txt",
        "/crux//etc/passwd",
        "/crux/%2fetc/passwd",
        "/crux/.env",
        "/crux/js/%00",
        "/crux/index.html/x",
    ] {
        let answer = plane.call("GET", path).send().await;
        assert_ne!(answer.status, 200, "{path} {answer:?}");
        assert!(!answer.text.contains("secret") && !answer.text.contains("app.js"), "{path}");
    }
    assert_eq!(plane.call("POST", "/crux/").send().await.status, 405);
}

#[tokio::test]
async fn without_a_folder_there_is_no_ui() {
    let plane = Plane::start().await;
    assert_eq!(plane.call("GET", "/crux/").send().await.status, 404);
}
