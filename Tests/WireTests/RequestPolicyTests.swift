import Core
import NIOCore
import Testing
@testable import Wire

/// The `quintet` object of a request.
@Suite struct RequestPolicyTests {
    private static func body(_ quintet: String) -> ByteBuffer {
        ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"hi"}],"quintet":\#(quintet)}"#)
    }

    @Test func everyKeyIsRead() throws {
        let policy = try ChatRequest(Self.body(#"{"on_cut":"error","deadline_seconds":1.5,"timeouts":{"connect_seconds":1,"first_content_seconds":2,"answer_seconds":3,"stall_seconds":4,"acquire_seconds":5},"max_cost":0.0000025,"models":["a","b/c"]}"#)).policy
        #expect(policy.onCut == .error)
        #expect(policy.deadline == .milliseconds(1500))
        #expect(policy.connect == .seconds(1))
        #expect(policy.firstContent == .seconds(2))
        #expect(policy.answer == .seconds(3))
        #expect(policy.stall == .seconds(4))
        #expect(policy.acquire == .seconds(5))
        #expect(policy.maxCost == Money(picodollars: 2_500_000))
        #expect(policy.models == ["a", "b/c"])
    }

    @Test(arguments: ["null", "{}", #"{"on_cut":null,"timeouts":{"stall_seconds":null}}"#]) func nothingSaidIsNothingWanted(quintet: String) throws {
        #expect(try ChatRequest(Self.body(quintet)).policy == RequestPolicy())
    }

    @Test(arguments: [
        ("7", "quintet"), ("[]", "quintet"), (#"{"on_cut":"retry"}"#, "quintet.on_cut"), (#"{"on_cut":1}"#, "quintet.on_cut"),
        (#"{"deadline_seconds":0}"#, "quintet.deadline_seconds"), (#"{"deadline_seconds":-1}"#, "quintet.deadline_seconds"),
        (#"{"deadline_seconds":3601}"#, "quintet.deadline_seconds"), (#"{"deadline_seconds":"5"}"#, "quintet.deadline_seconds"),
        (#"{"deadline_seconds":1e999}"#, "quintet.deadline_seconds"),
        (#"{"timeouts":5}"#, "quintet.timeouts"), (#"{"timeouts":{"stall_seconds":601}}"#, "quintet.timeouts.stall_seconds"),
        (#"{"timeouts":{"connect_seconds":61}}"#, "quintet.timeouts.connect_seconds"),
        (#"{"timeouts":{"total_seconds":1}}"#, "quintet.timeouts.total_seconds"), (#"{"oncut":"error"}"#, "quintet.oncut"),
        (#"{"on_cut":"error","on_cut":"resume"}"#, "quintet.on_cut"),
        (#"{"max_cost":-0.1}"#, "quintet.max_cost"), (#"{"max_cost":"1"}"#, "quintet.max_cost"),
        (#"{"max_cost":1e7}"#, "quintet.max_cost"), (#"{"max_cost":1e999}"#, "quintet.max_cost"),
        (#"{"models":"a"}"#, "quintet.models"), (#"{"models":[]}"#, "quintet.models"), (#"{"models":{"a":1}}"#, "quintet.models"),
        (#"{"models":["a",1]}"#, "quintet.models[1]"), (#"{"models":["a",""]}"#, "quintet.models[1]"),
        ("{\"models\":[" + Array(repeating: "\"a\"", count: 101).joined(separator: ",") + "]}", "quintet.models"),
    ])
    func whatCannotBeUsedIsNamed(quintet: String, param: String) throws {
        let error = try #require(throws: GatewayError.self) { try ChatRequest(Self.body(quintet)) }
        #expect(error.param == param)
        #expect(error.message.contains("'\(param)'"))
        #expect(ErrorAnswer.status(of: error) == 400)
        let native = ByteBuffer(string: #"{"message":"hi","quintet":\#(quintet)}"#)
        #expect(try #require(throws: GatewayError.self) { try NativeRequest(native, kind: .quick) }.param == param)
    }

    @Test func theNativeApiTakesItToo() throws {
        let native = ByteBuffer(string: #"{"message":"hi","quintet":{"deadline_seconds":2}}"#)
        #expect(try NativeRequest(native, kind: .stream).chat.policy.deadline == .seconds(2))
    }

    @Test(arguments: [
        #"{"quintet":{"on_cut":"error"},"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        #"{"model":"m","quintet" : {"on_cut":"error"} , "messages":[{"role":"user","content":"hi"}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}] , "quintet":{} }"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"\u0071uintet":{}}"#,
    ])
    func noProviderSeesIt(body: String) throws {
        let request = try ChatRequest(ByteBuffer(string: body))
        let model = Model(
            index: 0, name: "m", deployments: [], fallbacks: nil, quality: 1, tier: .simple, inputWindow: nil, outputWindow: nil,
            abilities: [], acceptsSampling: true, price: nil, timeouts: Timeouts(), ownedBy: "")
        let deployment = Deployment(index: 0, id: "p/m", provider: "p", modelName: "there", weight: 1, isLive: true)
        for api in Provider.API.allCases {
            let provider = Provider(
                id: "p", api: api, baseURL: "", keyVariables: [], switchVariable: nil, acceptsStreamOptions: true,
                outputLimitField: .maxTokens, inFlightLimit: 1, state: .on, accesses: [])
            let sent = api == .openai
                ? request.body(for: model, at: deployment, of: provider, agent: nil)
                : try AnthropicRequest.body(of: request, for: model, at: deployment, agent: nil)
            let root = try JSONDocument(sent).root
            #expect(!root.children.contains { $0.key == "quintet" })
            #expect(root["model"]?.string == "there")
            #expect(root["messages"]?.isEmpty == false)
        }
    }
}
