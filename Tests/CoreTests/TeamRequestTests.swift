import Testing

@testable import Core

/// What a team may be asked for, and what is refused by the name of its field.
@Suite struct TeamRequestTests {
    private static let all = catalogue(
        [
            ModelSketch("cheap", quality: 30, price: .perMillion(1, 1)), ModelSketch("middle", quality: 50, price: .perMillion(2, 2)),
            ModelSketch("strong", quality: 90, price: .perMillion(9, 9)),
        ],
        agents: [agent("atlas", ["architecture"]), agent("dev", ["code"]), agent("luna", ["colour"]), agent("quinn", ["test"])])

    private func team(text: String = "", _ change: (inout TeamWishes) -> Void) throws(GatewayError) -> TeamRequest {
        var wishes = TeamWishes()
        change(&wishes)
        return try wishes.team(in: Self.all, for: RequestFacts(text: text))
    }

    private func refusal(_ change: (inout TeamWishes) -> Void) -> GatewayError? {
        do {
            _ = try team(change)
            return nil
        } catch { return error }
    }

    @Test func agentsAndModelsStandInTheOrderInWhichTheyWereNamed() throws {
        let team = try team { ($0.agents, $0.members) = (["luna", "dev"], ["cheap", "strong", "cheap"]) }
        #expect(team.members.map(\.name) == ["luna", "dev", "cheap", "strong", "cheap#2"])
        #expect(team.members.map(\.target) == [.agent("luna"), .agent("dev"), .model("cheap"), .model("strong"), .model("cheap")])
    }

    @Test func everybodyHasANameOfTheirOwn() throws {
        let all = catalogue([ModelSketch("dev"), ModelSketch("synthesis")], agents: [agent("dev", ["code"])])
        var wishes = TeamWishes()
        (wishes.agents, wishes.members) = (["dev"], ["dev", "synthesis"])
        let team = try wishes.team(in: all, for: RequestFacts(text: ""))
        #expect(team.members.map(\.name) == ["dev", "dev#2", "synthesis#2"])
    }

    @Test func whoIsNotNamedIsFound() throws {
        #expect(try team { _ in }.members.map(\.name) == ["dev", "luna", "atlas"])
        #expect(try team(text: "test the code") { _ in }.members.map(\.name) == ["dev", "quinn"])
        #expect(try team(text: "a test of the architecture, the code and its colour") { _ in }.members.count == 3)
        #expect(try team { $0.combine = .cascade }.members.map(\.name) == ["cheap", "middle", "strong"])
        #expect(try team { $0.combine = .vote }.members.map(\.name) == ["strong", "middle", "cheap"])
    }

    @Test func aMistakeIsRefusedByItsField() {
        #expect(refusal { $0.agents = ["dev", "bob"] }?.param == "quintet.agents")
        #expect(refusal { $0.agents = ["dev", "bob"] }?.code == .agentNotFound)
        #expect(refusal { $0.agents = ["dev", "dev"] }?.param == "quintet.agents")
        #expect(refusal { $0.agents = [] }?.param == "quintet.agents")
        #expect(refusal { $0.members = [] }?.param == "quintet.members")
        #expect(refusal { $0.members = ["nobody"] }?.code == .modelNotFound)
        #expect(refusal { $0.members = Array(repeating: "cheap", count: 9) }?.param == "quintet.members")
        #expect(refusal { ($0.agents, $0.quorum) = (["dev", "luna"], 3) }?.param == "quintet.quorum")
        #expect(refusal { ($0.agents, $0.quorum) = (["dev", "luna"], 0) }?.param == "quintet.quorum")
        #expect(refusal { ($0.combine, $0.quorum) = (.race, 1) }?.param == "quintet.quorum")
        #expect(refusal { $0.maxCost = .zero }?.param == "quintet.max_cost")
        #expect(refusal { ($0.agents, $0.combine) = (["dev", "luna"], .cascade) }?.param == "quintet.agents")
        #expect(refusal { ($0.isInTurn, $0.combine) = (true, .vote) }?.param == "quintet.combine")
        #expect(refusal { $0.members = Array(repeating: "cheap", count: 8) } == nil)
        #expect(refusal { ($0.agents, $0.quorum) = (["dev", "luna"], 2) } == nil)
    }

    @Test func theFieldsOfAnErrorAreTheCallersOwn() {
        let error = refusal {
            $0.names.agents = "agents"
            $0.agents = ["bob"]
        }
        #expect(error?.param == "agents")
    }
}
