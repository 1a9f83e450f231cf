import Core
import NIOCore
import Testing
import Wire

/// What a request says of its team, on both wires.
@Suite struct TeamWishesTests {
    private static func chat(_ own: String?, model: String = "team") throws(GatewayError) -> TeamWishes? {
        let quintet = own.map { ",\"quintet\":\($0)" } ?? ""
        return try ChatRequest(
            ByteBuffer(string: #"{"model":"\#(model)","messages":[{"role":"user","content":"Hi"}]\#(quintet)}"#)
        ).teamWishes()
    }

    private static func native(_ fields: String) throws(GatewayError) -> NativeTeamRequest {
        try NativeTeamRequest(ByteBuffer(string: #"{"message":"Hi"\#(fields)}"#))
    }

    private static func refusal(_ read: () throws(GatewayError) -> some Any) -> GatewayError? {
        do {
            _ = try read()
            return nil
        } catch { return error }
    }

    @Test func theModelSaysWhetherATeamIsAskedAndWho() throws {
        #expect(try Self.chat(nil, model: "auto") == nil)
        #expect(try Self.chat(nil, model: "teammate") == nil)
        #expect(try Self.chat(nil) == TeamWishes())
        let named = try #require(try Self.chat(nil, model: "team/dev+luna"))
        #expect(named.agents == ["dev", "luna"])
        #expect(named.names.agents == "model")
    }

    @Test func everyFieldIsRead() throws {
        let wishes = try #require(
            try Self.chat(
                #"{"agents":["dev"],"members":["m","m"],"combine":"vote","mode":"sequential","quorum":2,"agree":"numeric","max_cost":0.25}"#))
        #expect(wishes.agents == ["dev"])
        #expect(wishes.members == ["m", "m"])
        #expect(wishes.combine == .vote)
        #expect(wishes.isInTurn)
        #expect(wishes.quorum == 2)
        #expect(wishes.agreement == .numeric)
        #expect(wishes.maxCost == Money(picodollars: 250_000_000_000))
    }

    @Test func aTeamCanBeDescribedForAutoAndNull() throws {
        #expect(try Self.chat(#"{"combine":"race"}"#, model: "auto")?.combine == .race)
        #expect(try Self.chat(#"{"combine":null,"agents":null,"quorum":null}"#) == TeamWishes())
        // What one answer heeds as well asks for no team.
        #expect(try Self.chat(#"{"max_cost":1,"deadline_seconds":3}"#, model: "auto") == nil)
    }

    @Test(arguments: [
        (#"{"agents":"dev"}"#, "quintet.agents"), (#"{"agents":[1]}"#, "quintet.agents[0]"), (#"{"members":{}}"#, "quintet.members"),
        (#"{"combine":"best"}"#, "quintet.combine"), (#"{"combine":1}"#, "quintet.combine"), (#"{"mode":"both"}"#, "quintet.mode"),
        (#"{"quorum":1.5}"#, "quintet.quorum"), (#"{"quorum":"2"}"#, "quintet.quorum"), (#"{"agree":"roughly"}"#, "quintet.agree"),
        (#"{"max_cost":"1"}"#, "quintet.max_cost"), (#"{"deadline_seconds":-1}"#, "quintet.deadline_seconds"),
    ])
    func aFieldThatCannotBeUsedIsNamed(own: String, field: String) {
        let error = Self.refusal { () throws(GatewayError) in try Self.chat(own) }
        #expect(error?.param == field)
        #expect(error?.message.contains(field) == true)
    }

    @Test func namesInTheModelAreWholeAndSaidOnce() {
        for model in ["team/", "team/dev+", "team/+dev", "team/dev++luna"] {
            #expect(Self.refusal { () throws(GatewayError) in try Self.chat(nil, model: model) }?.param == "model")
        }
        let twice = Self.refusal { () throws(GatewayError) in try Self.chat(#"{"agents":["dev"]}"#, model: "team/luna") }
        #expect(twice?.param == "quintet.agents")
        // A model that answers alone has no team; the caller is told what to send.
        let alone = Self.refusal { () throws(GatewayError) in try Self.chat(#"{"combine":"vote"}"#, model: "gpt-x") }
        #expect(alone?.param == "model")
        #expect(alone?.message.contains("\"team\"") == true)
    }

    @Test func theNativeFieldsAreReadUnderTheirOwnNames() throws {
        let request = try Self.native(
            #","agents":["dev","luna"],"combine":"list","collaboration_mode":"sequential","quorum":1,"max_cost":0.5,"deadline_seconds":7,"#
                + #""use_cache":false,"session_id":"s","stream":true,"quintet":{"on_cut":"error"}"#)
        #expect(request.wishes.agents == ["dev", "luna"])
        #expect(request.wishes.combine == .list)
        #expect(request.wishes.isInTurn)
        #expect(request.wishes.quorum == 1)
        #expect(request.wishes.maxCost == Money(picodollars: 500_000_000_000))
        #expect(request.chat.policy.maxCost == Money(picodollars: 500_000_000_000))
        #expect(request.chat.policy.deadline == .seconds(7))
        #expect(request.chat.policy.onCut == .error)
        #expect(request.chat.isStream)
        #expect(!request.usesCache)
        #expect(request.session == "s")
        let plain = try Self.native("")
        #expect(plain.wishes.combine == .synthesis && plain.wishes.agents == nil && plain.usesCache && !plain.chat.isStream)
    }

    @Test(arguments: [
        (#","agents":"dev""#, "agents"), (#","combine":"best""#, "combine"), (#","collaboration_mode":"chat""#, "collaboration_mode"),
        (#","quorum":"2""#, "quorum"), (#","max_cost":"1""#, "max_cost"), (#","deadline_seconds":-1"#, "deadline_seconds"),
        (#","quintet":{"quorum":1}"#, "quintet.quorum"), (#","combin":"list""#, "combin"),
    ])
    func aNativeFieldThatCannotBeUsedIsNamed(fields: String, field: String) {
        #expect(Self.refusal { () throws(GatewayError) in try Self.native(fields) }?.param == field)
    }
}
