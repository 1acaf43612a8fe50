use super::*;

fn datagrams(lines: &[&str]) -> Datagrams {
    let mut datagrams = Datagrams::default();
    for line in lines {
        datagrams.add(line);
    }
    datagrams
}

fn link(address: &str) -> Link {
    Link::new(AgentAddress::parse(address, 1).unwrap())
}

fn udp_agent() -> (std::net::UdpSocket, String) {
    let agent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    agent
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let address = agent.local_addr().unwrap().to_string();
    (agent, address)
}

fn received(agent: &std::net::UdpSocket) -> String {
    let mut buffer = [0; 2_000];
    let length = agent.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn datagrams_reach_an_agent_on_udp() {
    let (agent, address) = udp_agent();
    link(&address).send(datagrams(&["a:1|c", "b:2|g"]), 0).await;
    assert_eq!(received(&agent), "a:1|c\nb:2|g");
}

#[tokio::test]
async fn agent_that_went_away_and_came_back_gets_the_next_datagram() {
    let (agent, address) = udp_agent();
    let mut link = link(&address);
    link.send(datagrams(&["first"]), 0).await;
    assert_eq!(received(&agent), "first");
    drop(agent);
    // The system tells of the first one when the second is sent.
    link.send(datagrams(&["nobody reads this"]), 0).await;
    link.send(datagrams(&["nor this"]), 0).await;
    assert!(link.warned);
    let agent = std::net::UdpSocket::bind(&address).unwrap();
    agent
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    link.send(datagrams(&["back"]), 0).await;
    assert_eq!(received(&agent), "back");
    link.send(datagrams(&["still here"]), 0).await;
    assert!(!link.warned);
}

#[tokio::test]
async fn agent_that_never_was_there_is_not_said_to_be_back() {
    let (agent, address) = udp_agent();
    drop(agent);
    let mut link = link(&address);
    for _ in 0..2 {
        link.send(datagrams(&["nobody reads this"]), 0).await;
    }
    assert!(link.warned);
    for _ in 0..3 {
        // As at a stop, when nothing is left to send.
        link.send(Datagrams::default(), 0).await;
        assert!(link.warned);
        // A new socket knows nothing of what the old one has sent.
        if let Some(tried_at) = &mut link.tried_at {
            *tried_at -= RENEW_EVERY;
        }
        link.send(datagrams(&["nobody reads this"]), 0).await;
        assert!(link.warned);
    }
}

#[tokio::test]
async fn unix_socket_may_be_made_anew_between_two_sends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.socket");
    let mut link = link(&format!("unix://{}", path.display()));
    for round in ["one", "two"] {
        let agent = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        if let Some(tried_at) = &mut link.tried_at {
            *tried_at -= RETRY_EVERY;
        }
        link.send(datagrams(&[round]), 0).await;
        let mut buffer = [0; 100];
        let length = agent.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], round.as_bytes());
        drop(agent);
        std::fs::remove_file(&path).unwrap();
        for _ in 0..2 {
            link.send(datagrams(&["nobody reads this"]), 0).await;
        }
    }
}

#[tokio::test]
async fn everything_is_lost_and_counted_while_there_is_no_agent() {
    let mut link = link("unix:///nowhere/agent.socket");
    let long = "x".repeat(1_000);
    link.send(datagrams(&[&long, &long, "short"]), 4).await;
    assert!(link.warned);
    assert_eq!(link.lost, 0, "the warning has told of them");
    link.send(datagrams(&[&long, &long, "short"]), 4).await;
    assert_eq!(link.lost, 7);
}

#[tokio::test(start_paused = true)]
async fn agent_that_does_not_read_is_waited_for_once_in_a_send() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.socket");
    let _agent = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let mut link = link(&format!("unix://{}", path.display()));
    let line = "x".repeat(1_400);
    let many = vec![line.as_str(); 10_000];
    let begun = tokio::time::Instant::now();
    link.send(datagrams(&many), 0).await;
    assert_eq!(begun.elapsed(), SEND_WITHIN);
    assert!(link.warned);
}
