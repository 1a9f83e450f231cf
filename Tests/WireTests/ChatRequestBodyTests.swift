import Core
import NIOCore
import Testing
import Wire

/// The body that a deployment gets: the caller's bytes but for what must change.
@Suite struct ChatRequestBodyTests {
    private static let agent = Agent(
        id: "dev", name: "Dev", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: 0.2,
        maxTokens: 4096, prompt: "You are \"Dev\".\n漢")
    private static let prompt = #"{"role":"system","content":"You are \"Dev\".\n漢"}"#

    private static func agent(temperature: Double?, maxTokens: Int?) -> Agent {
        Agent(
            id: "x", name: "X", role: "", description: "", keywords: [], examples: [], tier: .medium,
            temperature: temperature, maxTokens: maxTokens, prompt: "P")
    }

    private static func deployment(_ name: String) -> Deployment {
        Deployment(index: 0, id: name, provider: "p", modelName: name, weight: 1, isLive: true)
    }

    private static func model(acceptsSampling: Bool = true, outputWindow: Int? = nil) -> Model {
        Model(
            index: 0, name: "m", deployments: [deployment("d")], fallbacks: nil, quality: 50, tier: .medium,
            inputWindow: nil, outputWindow: outputWindow, abilities: [], acceptsSampling: acceptsSampling, price: nil,
            timeouts: Timeouts(), ownedBy: "p")
    }

    private static func provider(
        acceptsStreamOptions: Bool = true, limitField: Provider.OutputLimitField = .maxTokens
    ) -> Provider {
        Provider(
            id: "p", api: .openai, baseURL: "http://p", keyVariables: [], switchVariable: nil,
            acceptsStreamOptions: acceptsStreamOptions, outputLimitField: limitField, inFlightLimit: 1, state: .on, accesses: [])
    }

    private func body(
        _ text: String, agent: Agent? = nil, model: Model = model(), provider: Provider = provider()
    ) throws -> String {
        let request = try ChatRequest(ByteBuffer(string: text))
        let result = request.body(for: model, at: Self.deployment("vendor/\"there\""), of: provider, agent: agent)
        // Whatever it is, it is a request, and its model is the deployment's.
        #expect(try ChatRequest(result).model == "vendor/\"there\"")
        return result.asString
    }

    private static let message = #"{"role":"user","content":"hi"}"#
    private static let messages = "[\(message)]"
    private static let there = #""model":"vendor/\"there\"""#

    @Test func onlyTheModelsNameChanges() throws {
        let text = """
             {  "messages" : [ {"role":"user" , "content":"h\\u0069 \\ud83d 漢"} ],\r\n\t"model":  "auto" ,
              "unknown":{"nested":[1, 2.50, 1E+3, 12345678901234567890, {"a":1,"a":2}], "model":"m"},"seed":-0,
              "temperature":0.70, "stream":false , "logit_bias":{"50256":-100} , "": null }
            """
        let expected = text.replacing(#""auto""#, with: #""vendor/\"there\"""#)
        #expect(try body(text) == expected)
    }

    @Test func bytesSurviveWithAnAgentAndAStreamToo() throws {
        let text = #" { "stream" : true, "x" : [ 1 , "\u00e9" ] , "model":"agent/dev", "messages" : [ \#(Self.message) ] } "#
        let result = try body(text, agent: Self.agent)
        let inserted = [
            #""stream_options":{"include_usage":true},"#, #""max_tokens":4096,"#, #""temperature":0.2,"#,
            Self.prompt + ",",
        ]
        for piece in inserted { #expect(result.ranges(of: piece).count == 1, "\(piece)") }
        let rest = inserted.reduce(result) { $0.replacing($1, with: "") }
        #expect(rest == text.replacing(#""agent/dev""#, with: #""vendor/\"there\"""#))
    }

    @Test func theAgentsPromptComesFirst() throws {
        let text = #"{"model":"agent/dev","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}"#
        let root = try readJSON(body(text, agent: Self.agent))
        let messages = try #require(root["messages"]?.children.map { [$0["role"]?.string, $0["content"]?.string] })
        #expect(messages == [["system", "You are \"Dev\".\n漢"], ["system", "s"], ["user", "u"]])
    }

    @Test func withoutAnAgentNothingIsAdded() throws {
        let text = #"{"model":"m","messages":\#(Self.messages)}"#
        #expect(try body(text) == #"{\#(Self.there),"messages":\#(Self.messages)}"#)
    }

    /// The number of each field that the provider gets, `sent` being the caller's.
    private func sampling(
        _ sent: String, temperature: Double? = 0.2, maxTokens: Int? = 4096, acceptsSampling: Bool = true,
        outputWindow: Int? = nil, limitField: Provider.OutputLimitField = .maxTokens
    ) throws -> [String: Double] {
        let text = try body(
            #"{"model":"m","messages":\#(Self.messages)\#(sent.isEmpty ? "" : ",")\#(sent)}"#,
            agent: Self.agent(temperature: temperature, maxTokens: maxTokens),
            model: Self.model(acceptsSampling: acceptsSampling, outputWindow: outputWindow),
            provider: Self.provider(limitField: limitField))
        let numbers = try readJSON(text).children.compactMap { member in
            member.double.flatMap { value in member.key.map { ($0, value) } }
        }
        return Dictionary(uniqueKeysWithValues: numbers)
    }

    @Test func theAgentsSamplingCountsWhereTheCallerSentNone() throws {
        #expect(try sampling("") == ["temperature": 0.2, "max_tokens": 4096])
        #expect(try sampling("", temperature: nil) == ["max_tokens": 4096])
        #expect(try sampling("", maxTokens: nil) == ["temperature": 0.2])
        #expect(try sampling("", temperature: nil, maxTokens: nil) == [:])
    }

    @Test func theCallersOwnWins() throws {
        #expect(try sampling(#""temperature":1"#) == ["temperature": 1, "max_tokens": 4096])
        #expect(try sampling(#""temperature":0"#) == ["temperature": 0, "max_tokens": 4096])
        #expect(try sampling(#""top_p":0.5"#) == ["top_p": 0.5, "max_tokens": 4096])
        #expect(try sampling(#""max_tokens":7"#) == ["temperature": 0.2, "max_tokens": 7])
        #expect(try sampling(#""max_completion_tokens":7"#) == ["temperature": 0.2, "max_completion_tokens": 7])
        #expect(try sampling(#""temp\u0065rature":1,"max\u005ftokens":7"#) == ["temperature": 1, "max_tokens": 7])
    }

    /// Null says the same as nothing, and must not stand beside the agent's value.
    @Test func nullIsNoChoice() throws {
        #expect(try sampling(#""temperature":null,"max_tokens":null"#) == ["temperature": 0.2, "max_tokens": 4096])
        #expect(try sampling(#""top_p":null,"max_completion_tokens":null"#) == ["temperature": 0.2, "max_tokens": 4096])
        let bothNames = try sampling(#""max_tokens":null"#, limitField: .maxCompletionTokens)
        #expect(bothNames == ["temperature": 0.2, "max_completion_tokens": 4096])
        let newerName = try sampling(#""max_tokens":null,"max_completion_tokens":7"#)
        #expect(newerName == ["temperature": 0.2, "max_completion_tokens": 7])
    }

    @Test func aModelThatTakesNoSamplingGetsNone() throws {
        #expect(try sampling("", acceptsSampling: false) == ["max_tokens": 4096])
        // The caller's own is the caller's business.
        #expect(try sampling(#""temperature":1"#, acceptsSampling: false) == ["temperature": 1, "max_tokens": 4096])
    }

    @Test func theLimitFitsModelAndProvider() throws {
        #expect(try sampling("", limitField: .maxCompletionTokens) == ["temperature": 0.2, "max_completion_tokens": 4096])
        #expect(try sampling("", outputWindow: 1000) == ["temperature": 0.2, "max_tokens": 1000])
        #expect(try sampling("", outputWindow: 8000) == ["temperature": 0.2, "max_tokens": 4096])
    }

    private static let asked = #""stream":true,"stream_options":{"include_usage":true}"#

    @Test(arguments: [
        (#""stream":true"#, #""stream_options":{"include_usage":true},"#, #""stream":true"#),
        (#""stream":true,"stream_options":null"#, "", asked),
        (#""stream":true,"stream_options": { }"#, "", #""stream":true,"stream_options": {"include_usage":true }"#),
        (
            #""stream":true,"stream_options":{ "include_obfuscation":false}"#, "",
            #""stream":true,"stream_options":{"include_usage":true, "include_obfuscation":false}"#
        ),
        (#""stream":true,"stream_options":{"include_usage":false}"#, "", asked),
        (
            #""stream":true,"stream_options":{"include_usage":null,"x":1}"#, "",
            #""stream":true,"stream_options":{"include_usage":true,"x":1}"#
        ),
        (asked, "", asked),
        (#""stream":false"#, "", #""stream":false"#),
        (#""stream":null,"stream_options":null"#, "", #""stream":null,"stream_options":null"#),
        (#""seed":1"#, "", #""seed":1"#),
    ])
    func everyStreamIsAskedForItsUsage(sent: String, front: String, back: String) throws {
        let text = #"{"model":"m","messages":\#(Self.messages),\#(sent)}"#
        #expect(try body(text) == #"{\#(front)\#(Self.there),"messages":\#(Self.messages),\#(back)}"#)
        // Not where the provider would refuse it.
        let refusing = Self.provider(acceptsStreamOptions: false)
        #expect(try body(text, provider: refusing) == #"{\#(Self.there),"messages":\#(Self.messages),\#(sent)}"#)
    }

    @Test func theRequestCanBeSentAgainElsewhere() throws {
        let request = try ChatRequest(ByteBuffer(string: #"{"model":"auto","messages":\#(Self.messages),"stream":true}"#))
        let original = request.document.bytes
        for name in ["a", "b"] {
            let sent = request.body(
                for: Self.model(), at: Self.deployment(name), of: Self.provider(), agent: Self.agent)
            #expect(try readJSON(sent.asString)["model"]?.string == name)
            #expect(request.document.bytes == original)
        }
    }
}
