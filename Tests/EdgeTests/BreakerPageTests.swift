import Core
@testable import Edge
import Foundation
import NIOHTTP1
import TestKit
import Testing

/// What the page says, and that it says nothing but text.
@Suite struct BreakerPageTests {
    @Test func tellsEverythingOfAnOpenBreaker() {
        var fixture = BoardFixture()
        fixture.add("groq/gpt-oss", model: "fast") { breaker, time in
            breaker.succeed(20, firstContent: .milliseconds(350), at: time)
            breaker.fail(5, .firstContentTimeout, id: "req_42", at: time)
        }
        fixture.time.advance(by: .seconds(18))
        let page = fixture.page()
        for words in [
            "groq/gpt-oss", "serves <b>fast</b>", "5 provider faults in a row, the last: first content timeout",
            "open for 18 s", "Next probe in 42 s, at <time datetime=\"2025-11-20T12:00:42Z\"", "Last faults (5)",
            "<b>first content timeout</b><small>req_42</small>", "18 s ago", "closed → open", "25 calls", "5 failed", "80.0 %",
            "350 ms", "of 20 streams", "1 time ", "<b>groq/gpt-oss</b> rests until",
        ] { #expect(page.contains(words), "\(words)") }
    }

    @Test func tellsWhenAProbeIsUnderWay() {
        var fixture = BoardFixture()
        fixture.add { breaker, time in
            breaker.fail(5, at: time)
            time.advance(by: .seconds(60))
            breaker.succeed(1, at: time)
            _ = breaker.admit(now: time.now)
            time.advance(by: .seconds(3))
        }
        let page = fixture.page()
        #expect(page.contains("A probe is under way, for 3 s. 1 of 3 successes that close it."))
        #expect(page.contains(">Half-open</span>"))
    }

    @Test func tellsThatAnAdminHoldsItOpen() {
        var fixture = BoardFixture()
        fixture.add { breaker, time in breaker.forceOpen(reason: "maintenance", now: time.now) }
        let page = fixture.page()
        #expect(page.contains(">Held open</span>"))
        #expect(page.contains("forced open: maintenance"))
        #expect(page.contains("Stays open until an admin closes it."))
        #expect(page.contains("rests until an admin closes it"))
    }

    @Test func countsTheStatesAndShowsTroubleFirst() throws {
        var fixture = BoardFixture()
        fixture.add("a/closed")
        fixture.add("b/open") { $0.fail(5, at: $1) }
        let page = fixture.page()
        #expect(page.contains("<li data-state=\"closed\"><b>1</b>"))
        #expect(page.contains("<li data-state=\"half_open\" class=\"none\"><b>0</b>"))
        #expect(page.contains("<li data-state=\"open\"><b>1</b>"))
        let open = try #require(page.range(of: "<h3>b/open</h3>"))
        let closed = try #require(page.range(of: "<h3>a/closed</h3>"))
        #expect(open.lowerBound < closed.lowerBound)
    }

    @Test func anEmptyHouseIsSaidToBeEmpty() {
        #expect(BoardFixture().page().contains("No deployment can be called"))
        var fixture = BoardFixture()
        fixture.add()
        #expect(fixture.page().contains("Nothing is resting."))
        #expect(fixture.page().contains("no calls yet"))
        #expect(fixture.page(.init(text: "nobody", phase: nil)).contains("Of 1 deployment none matches"))
    }

    @Test func whatIsOffStandsApartWithItsMend() {
        var fixture = BoardFixture()
        fixture.add("on/here")
        fixture.off = [
            .init(deployment: BoardFixture.deployment("off/there", index: 9, isLive: false), model: "m", mend: "set SOME_KEY")
        ]
        let page = fixture.page()
        #expect(page.contains("Off: 1 deployment of 1 provider<"))
        #expect(page.contains("set SOME_KEY"))
        #expect(!page.contains("<h3>off/there</h3>"))
    }

    @Test func actionsAreOnlyThereWithAToken() {
        var fixture = BoardFixture()
        fixture.add("a/b")
        #expect(fixture.page().contains("data-act=\"reset\" data-deployment=\"a/b\""))
        let without = fixture.page(canAct: false)
        #expect(!without.contains("data-act=\"reset\""))
        #expect(!without.contains("<dialog"))
        #expect(without.contains("set QUINTET_ADMIN_TOKEN"))
    }

    // MARK: Text stays text

    @Test func nothingFromOutsideBecomesMarkup() {
        let evil = "\"><script>alert(1)</script><b x='&"
        var fixture = BoardFixture()
        fixture.add(evil, model: evil) { breaker, time in
            breaker.fail(5, id: evil, at: time)
            breaker.forceOpen(reason: evil, now: time.now)
        }
        fixture.off = [.init(deployment: BoardFixture.deployment(evil, index: 1, isLive: false), model: evil, mend: evil)]
        let page = fixture.page(.init(text: evil, phase: nil))
        #expect(!page.contains("<script>alert"))
        #expect(!page.contains("\"><script"))
        #expect(!page.contains("<b x="))
        #expect(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;b x=&#39;&amp;"))
    }

    @Test(arguments: [
        ("a<b", "a&lt;b"), ("&amp;", "&amp;amp;"), ("\u{0}\u{1B}\r", "\u{FFFD}\u{FFFD}\u{FFFD}"), ("\r\n", "\u{FFFD}\n"),
        ("ü→😀", "ü→😀"),
    ])
    func escapes(raw: String, escaped: String) {
        #expect(HTML.escape(raw) == escaped)
        let piece: HTML = "<i>\(raw)</i>"
        #expect(piece.text == "<i>\(escaped)</i>")
        #expect(("\(piece)" as HTML) == piece)
    }

    @Test func thePolicyAllowsThePageItselfAndNothingElse() throws {
        let policy = try #require(BreakerPage.headers.first(name: "content-security-policy"))
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(!policy.contains("unsafe"))
        #expect(!policy.contains("http"))
        var fixture = BoardFixture()
        fixture.add { $0.fail(5, at: $1) }
        let page = fixture.page()
        // Neither of these would be run, and nothing may need them.
        #expect(!page.contains(" style="))
        #expect(!page.contains(" onclick="))
        #expect(!page.contains("src="))
    }

    // MARK: Filter and words

    @Test(arguments: [("GROQ", nil, 1), ("fast", nil, 1), ("provider", nil, 2), ("", Breaker.Phase.open, 1), ("x", .open, 0), ("", nil, 2)])
    func filters(text: String, phase: Breaker.Phase?, count: Int) {
        var fixture = BoardFixture()
        fixture.add("groq/one", model: "slow") { $0.fail(5, at: $1) }
        fixture.add("other/two", model: "fast-two")
        #expect(fixture.board.shown(by: BreakerFilter(text: text, phase: phase)).count == count)
    }

    @Test(arguments: [
        (Duration.milliseconds(0), "0 ms"), (.milliseconds(999), "999 ms"), (.milliseconds(1000), "1 s"),
        (.milliseconds(1240), "1.2 s"), (.milliseconds(9949), "9.9 s"), (.milliseconds(9950), "10 s"), (.seconds(59.4), "59 s"),
        (.seconds(60), "1 min"), (.seconds(200), "3 min 20 s"), (.seconds(3599.6), "1 h"), (.seconds(7500), "2 h 5 min"),
        (.seconds(273_600), "3 d 4 h"), (.seconds(-5), "0 ms"),
    ])
    func saysSpans(span: Duration, words: String) { #expect(Span.words(span) == words) }
}
