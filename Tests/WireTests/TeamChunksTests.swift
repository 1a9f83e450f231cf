import Core
import NIOCore
import Testing
import Wire

/// A team's stream, as it is written from its members' chunks.
@Suite struct TeamChunksTests {
    private static func chunk(_ choice: String) throws -> TeamChunk {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: {\"id\":\"x\",\"model\":\"theirs\",\"choices\":[\(choice)]}\n\n"))
        let event = try #require(try parser.next())
        return try #require(TeamChunk(JSONDocument(event.data).root))
    }

    private static func voice(_ index: Int, _ name: String, _ text: String) throws -> TeamCompletion.Voice {
        let choice = "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"\(text)\"},\"finish_reason\":\"stop\"}"
        let body = ByteBuffer(string: "{\"choices\":[\(choice)]}")
        return try #require(TeamCompletion.Voice(index: index, name: name, model: "m\(index)", completion: body))
    }

    private static func team(_ combine: Combine, _ voices: [TeamCompletion.Voice], answer: Int) -> TeamCompletion {
        TeamCompletion(
            id: "t", created: 7, combine: combine, voices: voices, answer: answer, votes: nil, failures: [], isDegraded: false, usage: nil)
    }

    private static func chunks(_ combine: Combine) -> TeamChunks {
        TeamChunks(id: "t", created: 7, names: ["a", "b"], combine: combine)
    }

    private static func said(_ chunks: inout TeamChunks, _ said: [TeamChunk], by voice: Int, model: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        chunks.say(said, by: voice, model: model, to: &bytes)
        return bytes
    }

    /// The events of a stream's piece.
    private static func events(_ bytes: ByteBuffer) throws -> [JSONValue] {
        var parser = SSEParser()
        parser.append(bytes)
        var events: [JSONValue] = []
        while let event = try parser.next() { events.append(try JSONDocument(event.data).root) }
        return events
    }

    private static func indices(_ event: JSONValue) -> [Int] { event["choices"]?.children.compactMap { $0["index"]?.int } ?? [] }

    @Test func theFirstChunkOpensAllChoicesAndEachSaysWhoSpeaks() throws {
        var chunks = Self.chunks(.list)
        let events = try Self.events(Self.said(&chunks, [Self.chunk(#"{"index":0,"delta":{"content":"Hi"},"own":{"a":[1]}}"#)], by: 1, model: "m1"))
        #expect(events.map(Self.indices) == [[0, 1], [1]])
        #expect(events.last?["quintet"]?["agent"]?.string == "b")
        #expect(events.last?["model"]?.string == "m1")
        #expect(events.last?["id"]?.string == "t")
        let choice = events.last?["choices"]?.children.first { _ in true }
        #expect(choice?["delta"]?["content"]?.string == "Hi")
        // What the gateway does not know is passed on.
        #expect(choice?["own"].map { String(buffer: $0.text) } == #"{"a":[1]}"#)
        // Nothing is opened twice, and a model that takes over is named.
        let more = try Self.events(Self.said(&chunks, [Self.chunk(#"{"index":0,"delta":{"content":"!"}}"#)], by: 1, model: "m9"))
        #expect(more.map { $0["model"]?.string } == ["m9"])
    }

    @Test func aChoiceIsPassedOnAsItCameButForItsIndex() throws {
        for (choice, passed) in [
            (#"{"index": 0, "delta":{"content":"{\"index\":3}"}}"#, #"{"index": 1, "delta":{"content":"{\"index\":3}"}}"#),
            (#"{"delta":{"index":5,"content":"é"},"index":12}"#, #"{"delta":{"index":5,"content":"é"},"index":1}"#),
            (#"{"delta":{}}"#, #"{"index":1,"delta":{}}"#), ("{}", #"{"index":1}"#),
        ] {
            var chunks = Self.chunks(.list)
            let events = try Self.events(Self.said(&chunks, [Self.chunk(choice)], by: 1, model: "m1"))
            #expect(events.last?["choices"].map { String(buffer: $0.text) } == "[\(passed)]")
        }
    }

    /// A provider may send an event in several lines.
    @Test func aChunkIsOneLine() throws {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"Hi\"}}]}\n\n"))
        let event = try #require(try parser.next())
        var chunks = Self.chunks(.list)
        let events = try Self.events(Self.said(&chunks, [#require(TeamChunk(JSONDocument(event.data).root))], by: 1, model: "m1"))
        #expect(events.last?["choices"]?.children.first { _ in true }?["delta"]?["content"]?.string == "Hi")
    }

    @Test func aChoicesEndIsHeldUntilItIsKnownWhatItTookAndNothingFollowsIt() throws {
        var chunks = Self.chunks(.list)
        let end = try Self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)
        let said = try Self.events(Self.said(&chunks, [end, Self.chunk(#"{"index":0,"delta":{"content":"late"}}"#)], by: 0, model: "m0"))
        #expect(said.map(Self.indices) == [[0, 1]])
        var voice = try Self.voice(0, "a", "Hi")
        voice.seconds = 2
        let ended = try Self.events(chunks.end(voice))
        #expect(ended.count == 1)
        #expect(ended.first?["choices"]?.children.first { _ in true }?["finish_reason"]?.string == "stop")
        #expect(ended.first?["quintet"]?["agent"]?.string == "a")
        #expect(try Self.events(chunks.end(voice)).isEmpty)
    }

    @Test func ofAVoteNothingIsSaidUntilItIsDecided() throws {
        var chunks = Self.chunks(.vote)
        #expect(Self.said(&chunks, [try Self.chunk(#"{"index":0,"delta":{"content":"Hi"}}"#)], by: 1, model: "m1").readableBytes == 0)
        let voices = [try Self.voice(0, "a", "no"), try Self.voice(1, "b", "yes")]
        let cost = TeamCost(Receipt([]), isItemised: false)
        let events = try Self.events(chunks.finish(Self.team(.vote, voices, answer: 1), cost, wantsUsage: false))
        #expect(events.flatMap(Self.indices).allSatisfy { $0 == 0 })
        let text = events.compactMap { $0["choices"]?.children.first { _ in true }?["delta"]?["content"]?.string }.joined()
        #expect(text == "yes")
        #expect(events.last?["quintet"]?["combine"]?.string == "vote")
    }

    @Test func theLastChunkHasNoChoiceOnlyWhereUsageWasAskedFor() throws {
        let team = Self.team(.list, [try Self.voice(0, "a", "Hi")], answer: 0)
        for wantsUsage in [false, true] {
            var chunks = Self.chunks(.list)
            let last = try #require(try Self.events(chunks.finish(team, TeamCost(Receipt([]), isItemised: false), wantsUsage: wantsUsage)).last)
            #expect(Self.indices(last) == (wantsUsage ? [] : [0]))
            #expect((last["usage"] != nil) == wantsUsage)
        }
    }

    @Test func whatIsKeptIsReadInTheOrderThatIsAskedForNow() throws {
        let kept = Self.team(.synthesis, [try Self.voice(0, "a", "A"), try Self.voice(1, "b", "B"), try Self.voice(2, "synthesis", "S")], answer: 2).kept
        let team = try #require(TeamCompletion(kept: kept, members: ["b", "a"]))
        #expect(team.voices.map(\.name) == ["b", "a", "synthesis"])
        #expect(team.voices.map(\.text) == ["B", "A", "S"])
        #expect(team.answer == 2)
        #expect(TeamCompletion(kept: ByteBuffer(string: "{}"), members: ["a"]) == nil)
    }
}
