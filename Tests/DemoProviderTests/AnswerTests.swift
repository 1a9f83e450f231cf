import HTTPTypes
import HummingbirdTesting
import Testing

@testable import DemoProvider

@Suite("Answers", .timeLimit(.minutes(1)))
struct AnswerTests {
    @Test("the models are listed as OpenAI lists them")
    func models() async throws {
        try await withLiveDemo { client in
            let response = try await client.execute(uri: "/v1/models", method: .get)
            let list = try JSON(parsing: response.body)
            #expect(list["object"]?.text == "list")
            let data = list["data"]?.elements ?? []
            #expect(data.compactMap { $0["id"]?.text } == DemoProvider.models.map(\.id))
            #expect(data.allSatisfy { $0.keys == ["created", "id", "object", "owned_by"] })
        }
    }

    @Test("health tells what is served")
    func health() async throws {
        try await withLiveDemo(faults: true) { client in
            let response = try await client.execute(uri: "/health", method: .get)
            let count = DemoProvider.models.count + DemoProvider.faultModels.count
            #expect(response.status == .ok)
            #expect(try JSON(parsing: response.body)["models"]?.integer == count)
        }
    }

    @Test("a plain answer is whole, labelled, and about the question", arguments: DemoProvider.models)
    func plain(model: DemoModel) async throws {
        try await withLiveDemo { client in
            let answer = try await client.answer(to: chat(model.id, "Why \"quote\"\nthis? " + String(repeating: "x", count: 90)))
            #expect(answer["object"]?.text == "chat.completion")
            #expect(answer["model"]?.text == model.id)
            #expect(answer["id"]?.text?.hasPrefix("chatcmpl-") == true)
            #expect(answer.choice["finish_reason"]?.text == "stop")
            #expect(answer.choice["message"]?["role"]?.text == "assistant")
            let content = answer.content
            #expect(content.hasPrefix("[demo] "))
            #expect(content.contains(model.id))
            #expect(content.contains("Why \"quote\" this? xxxxx"))
            #expect(content.contains("A system prompt of 9 characters"))
            let words = content.split(separator: " ").count
            #expect(words >= model.wordsPerAnswer && words < model.wordsPerAnswer + 25)
            expectUsage(answer["usage"], prompt: 9 + 18 + 90, completion: content)
        }
    }

    private func expectUsage(_ usage: JSON?, prompt: Int, completion: String) {
        let promptTokens = (prompt + 3) / 4
        let completionTokens = (completion.utf8.count + 3) / 4
        #expect(usage?["prompt_tokens"]?.integer == promptTokens)
        #expect(usage?["completion_tokens"]?.integer == completionTokens)
        #expect(usage?["total_tokens"]?.integer == promptTokens + completionTokens)
    }

    @Test("the same messages get the same words, others get others")
    func deterministic() async throws {
        try await withLiveDemo { client in
            let first = try await client.answer(to: chat("demo-large"))
            let second = try await client.answer(to: chat("demo-large"))
            let other = try await client.answer(to: chat("demo-large", "What is a gateway!"))
            #expect(first.content == second.content)
            #expect(first["id"]?.text != second["id"]?.text)
            #expect(first.content.suffix(100) != other.content.suffix(100))
        }
    }

    @Test("a stream says the same as the plain answer", arguments: DemoProvider.models)
    func stream(model: DemoModel) async throws {
        try await withLiveDemo { client in
            let plain = try await client.answer(to: chat(model.id))
            let stream = try await client.stream(chat(model.id))
            #expect(stream.isDone)
            #expect(stream.content() == plain.content)
            #expect(stream.finishReasons() == ["stop"])
            #expect(stream.chunks.count > model.wordsPerAnswer)
            #expect(stream.chunks.allSatisfy { $0["object"]?.text == "chat.completion.chunk" && $0["usage"] == nil })
            #expect(Set(stream.chunks.map { $0["id"]?.text }).count == 1)
            #expect(Set(stream.chunks.map { $0["created"]?.integer }).count == 1)
            #expect(Set(stream.chunks.map { $0["system_fingerprint"]?.text }) == ["fp_quintet_demo"])
            #expect(stream.choices().first?["delta"]?["role"]?.text == "assistant")
            #expect(stream.choices().dropFirst().allSatisfy { $0["delta"]?["role"] == nil })
            #expect(stream.choices().last?["finish_reason"]?.text == "stop")
        }
    }

    @Test("usage comes in a chunk of its own when it is asked for")
    func usage() async throws {
        try await withLiveDemo { client in
            let plain = try await client.answer(to: chat("demo-small"))
            let stream = try await client.stream(chat("demo-small"), [("stream_options", ["include_usage": true])])
            #expect(stream.chunks.dropLast().allSatisfy { $0["usage"]?.isNull == true })
            let last = try #require(stream.chunks.last)
            #expect(last["choices"]?.elements?.isEmpty == true)
            #expect(last["usage"]?.rendered == plain["usage"]?.rendered)
        }
    }

    @Test("n gives that many choices, in streams too")
    func choices() async throws {
        try await withLiveDemo { client in
            let body = chat("demo-medium", "Name some rivers", [("n", 3)])
            let plain = try await client.answer(to: body)
            let stream = try await client.stream(body)
            let contents = (plain["choices"]?.elements ?? []).compactMap { $0["message"]?["content"]?.text }
            #expect(contents.count == 3)
            #expect(Set(contents).count == 3)
            #expect((0..<3).map(stream.content) == contents)
            #expect((0..<3).map(stream.finishReasons) == [["stop"], ["stop"], ["stop"]])
        }
    }

    @Test("a token limit cuts the answer", arguments: ["max_tokens", "max_completion_tokens"])
    func limit(field: String) async throws {
        try await withLiveDemo { client in
            let body = chat("demo-small", "Grüße 👨‍👩‍👧‍👦", [(field, 25)])
            let plain = try await client.answer(to: body)
            let stream = try await client.stream(body)
            #expect(plain.choice["finish_reason"]?.text == "length")
            #expect(plain.content.utf8.count <= 100)
            #expect(plain["usage"]?["completion_tokens"]?.integer ?? 99 <= 25)
            #expect(stream.content() == plain.content)
            #expect(stream.finishReasons() == ["length"])
        }
    }

    @Test("a limit that isn't reached changes nothing")
    func wideLimit() async throws {
        try await withLiveDemo { client in
            let free = try await client.answer(to: chat("demo-small"))
            let limited = try await client.answer(to: chat("demo-small", "What is a gateway?", [("max_tokens", .integer(.max))]))
            #expect(limited.content == free.content)
            #expect(limited.choice["finish_reason"]?.text == "stop")
        }
    }

    @Test("a stop sequence ends the answer before itself", arguments: [JSON.string("a made-up"), ["zzz", "a made-up"]])
    func stop(stop: JSON) async throws {
        try await withLiveDemo { client in
            let answer = try await client.answer(to: chat("demo-small", "Hello", [("stop", stop)]))
            #expect(answer.content == "[demo] This is demo-small, ")
            #expect(answer.choice["finish_reason"]?.text == "stop")
        }
    }

    @Test("text in parts is read")
    func parts() async throws {
        try await withLiveDemo { client in
            let message: JSON = [
                "role": "user",
                "content": [
                    ["type": "text", "text": "Look at this"],
                    ["type": "image_url", "image_url": ["url": "data:image/png;base64,AA=="]],
                ],
            ]
            let answer = try await client.answer(to: ["model": "demo-small", "messages": [message]])
            #expect(answer.content.contains("“Look at this”"))
            #expect(answer.content.contains("There was no system prompt."))
        }
    }
}
