import NIOCore
import TestKit
import Testing
import Wire

/// Event streams as providers write them, cut into pieces at every byte.
@Suite struct SSEParserTests {
    /// What an event is expected to be.
    struct Expected: Sendable, Equatable {
        var name: String?
        var data: String
        /// Whether its bytes can be passed on as they are.
        var isPlain: Bool

        init(_ data: String, name: String? = nil, isPlain: Bool = false) {
            (self.data, self.name, self.isPlain) = (data, name, isPlain)
        }

        static func plain(_ data: String) -> Expected { Expected(data, isPlain: true) }
    }

    struct Stream: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var events: [Expected]

        init(_ testDescription: String, _ text: String, _ events: [Expected]) {
            (self.testDescription, self.text, self.events) = (testDescription, text, events)
        }
    }

    static let streams = [
        Stream("nothing", "", []),
        Stream("LF", "data: a\n\ndata: b\n\n", [.plain("a"), .plain("b")]),
        Stream("CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", [.init("a"), .init("b")]),
        Stream("CR", "data: a\r\rdata: b\r\r", [.init("a"), .init("b")]),
        Stream("LF, then CRLF", "data: a\n\r\ndata: b\r\n\ndata: c\n\n", [.init("a"), .init("b"), .plain("c")]),
        Stream("CR, then LF", "data: a\r\r\ndata: b\n\rdata: c\n\n", [.init("a"), .init("b"), .plain("c")]),
        Stream("plain after CRLF", "data: a\r\n\r\ndata: b\n\n", [.init("a"), .plain("b")]),
        Stream("byte order mark", "\u{FEFF}data: a\n\ndata: b\n\n", [.init("a"), .plain("b")]),
        Stream("byte order mark alone", "\u{FEFF}\n\ndata: a\n\n", [.plain("a")]),
        Stream("byte order mark later", "data: a\n\n\u{FEFF}data: b\n\ndata: \u{FEFF}\n\n", [.plain("a"), .plain("\u{FEFF}")]),
        Stream("byte order mark after a blank line", "\n\u{FEFF}data: a\n\n", []),
        Stream("comments", ": hello\n\n:\n\ndata: a\n: inside\n\n: x\ndata: b\n\n", [.init("a"), .init("b")]),
        Stream("comment blocks between", "data: a\n\n: ping\n\ndata: b\n\n", [.plain("a"), .plain("b")]),
        Stream("no space", "data:a\n\ndata:  b\n\n", [.init("a"), .plain(" b")]),
        Stream("several data lines", "data: a\ndata:b\ndata: \ndata: c\n\n", [.init("a\nb\n\nc")]),
        Stream("several data lines, CRLF", "data: a\r\ndata: b\r\n\r\n", [.init("a\nb")]),
        Stream("JSON over lines", "data: {\"a\":\ndata: [1]}\n\n", [.init("{\"a\":\n[1]}")]),
        Stream(
            "names", "event: delta\ndata: a\n\ndata: b\nevent:x\n\nevent: lonely\n\ndata: c\n\n",
            [.init("a", name: "delta"), .init("b", name: "x"), .plain("c")]),
        Stream("the last name counts", "event: a\nevent: b\ndata: x\n\n", [.init("x", name: "b")]),
        Stream("other fields", "id: 1\nretry: 100\ndata: a\n\nid\ndata: b\n\nfoo: bar\n\n", [.init("a"), .init("b")]),
        Stream("almost data", "dat: a\ndatax: b\n data: c\nDATA: d\n\ndata: e\n\n", [.plain("e")]),
        // The standard's own example: a field without a colon has an empty value.
        Stream("no colon", "data\n\ndata\ndata\n\ndata: x\ndata\n\n", [.init(""), .init("\n"), .init("x\n")]),
        Stream("an event without colon", "event: a\nevent\ndata: x\n\n", [.init("x")]),
        Stream("empty data", "data:\n\ndata: \n\n", [.init(""), .plain("")]),
        Stream("colons", "data: a: b: {\"c\": \":\"}\n\n", [.plain("a: b: {\"c\": \":\"}")]),
        Stream("many blank lines", "\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [.plain("a"), .plain("b")]),
        Stream(
            "scripts", "data: 漢字 😀 é\n\nevent: 名\ndata: 👩‍👩‍👧\r\n\r\n",
            [.plain("漢字 😀 é"), .init("👩‍👩‍👧", name: "名")]),
        Stream("line separators are no line ends", "data: a\u{2028}b\u{85}c\u{b}d\n\n", [.plain("a\u{2028}b\u{85}c\u{b}d")]),
        Stream("NUL", "data: a\u{0}b\n\n", [.plain("a\u{0}b")]),
        Stream("no blank line at the end", "data: a\n\ndata: b\n", [.plain("a"), .init("b")]),
        Stream("no line end at the end", "data: a\n\ndata: [DONE]", [.plain("a"), .init("[DONE]")]),
        Stream("CR at the end", "data: a\r", [.init("a")]),
        Stream("cut in a field's name", "data: a\n\nda", [.plain("a")]),
        Stream("cut in a comment", "data: a\n\n: pi", [.plain("a")]),
        Stream("only the first two lines", "event: x\ndata: a", [.init("a", name: "x")]),
    ]

    /// All events of a stream that came in these pieces.
    private func events(_ pieces: [ArraySlice<UInt8>]) throws -> [SSEEvent] {
        var parser = SSEParser()
        var events: [SSEEvent] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let event = try parser.next() { events.append(event) }
        }
        while let event = parser.finish() { events.append(event) }
        #expect(parser.bytesPending == 0)
        return events
    }

    private func check(_ events: [SSEEvent], _ stream: Stream, _ note: @autoclosure () -> String) throws {
        let found = events.map { Expected($0.data.asString, name: $0.name, isPlain: $0.plainFrame != nil) }
        try #require(found == stream.events, "\(note())")
        for event in events where event.plainFrame != nil {
            try #require(event.plainFrame?.asString == "data: \(event.data.asString)\n\n", "\(note())")
        }
    }

    @Test(arguments: streams)
    func isReadWhole(stream: Stream) throws {
        try check(events([Array(stream.text.utf8)[...]]), stream, "whole")
    }

    @Test(arguments: streams)
    func aCutAnywhereChangesNothing(stream: Stream) throws {
        let bytes = Array(stream.text.utf8)
        for cut in 0...bytes.count {
            try check(events([bytes[..<cut], bytes[cut...]]), stream, "cut at \(cut)")
        }
    }

    @Test(arguments: streams, [1, 2, 3, 7])
    func smallPiecesChangeNothing(stream: Stream, size: Int) throws {
        let bytes = Array(stream.text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
        try check(events(pieces), stream, "pieces of \(size)")
        try check(events(pieces.flatMap { [$0, []] }), stream, "pieces of \(size) and empty ones")
    }

    @Test func allStreamsInOneInRandomPieces() throws {
        let whole = Self.streams.filter { $0.text.hasSuffix("\n\n") && !$0.text.hasPrefix("\u{FEFF}") }
        let stream = Stream("all", whole.map(\.text).joined(), whole.flatMap(\.events))
        let bytes = Array(stream.text.utf8)
        var random = SplitMix64(seed: 11)
        for round in 0..<200 {
            let cuts = (0..<20).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let pieces = zip([0] + cuts, cuts + [bytes.count]).map { bytes[$0..<$1] }
            try check(events(pieces), stream, "round \(round)")
        }
    }

    @Test func framesAreReadBack() throws {
        for payload in ["{}", "", "a\nb", "\n", "[DONE]", "漢字\n\nx"] {
            var frames = SSEFrame.data(ByteBuffer(string: payload))
            frames.writeImmutableBuffer(SSEFrame.heartbeat)
            frames.writeImmutableBuffer(SSEFrame.event("named", ByteBuffer(string: payload)))
            frames.writeImmutableBuffer(SSEFrame.done)
            let found = try events([Array(frames.readableBytesView)[...]])
            #expect(found.map { $0.data.asString } == [payload, payload, "[DONE]"])
            #expect(found.map(\.name) == [nil, "named", nil])
        }
        #expect(SSEFrame.data(ByteBuffer(string: "x")).asString == "data: x\n\n")
    }
}
