import Core
import Foundation
import Testing

@testable import quintet

/// `quintet route price`: what it reads, chooses and adds up.
@Suite struct RoutePriceTests {
    private static func model(_ index: Int, _ name: String, quality: Int, _ price: Price?) -> Model {
        Model(
            index: index, name: name,
            deployments: [Deployment(index: index, id: "p/\(name)", provider: "p", modelName: name, weight: 1, isLive: true)],
            fallbacks: nil, quality: quality, tier: .medium, inputWindow: nil, outputWindow: nil, abilities: [.tools],
            acceptsSampling: true, price: price, timeouts: Timeouts(), ownedBy: "")
    }

    /// Millionths of a dollar a token.
    private static func price(_ prompt: Int64, _ completion: Int64, cached: Int64? = nil) -> Price {
        func money(_ amount: Int64) -> Money { Money(picodollars: amount * 1_000_000) }
        return Price(.init(prompt: money(prompt), completion: money(completion), cachedPrompt: cached.map(money)))
    }

    private static let agent = Agent(
        id: "dev", name: "dev", role: "", description: "", keywords: ["code"], examples: [], tier: .medium, temperature: nil,
        maxTokens: nil, prompt: String(repeating: "Be kind. ", count: 20))

    private static let catalogue = Catalogue(
        providers: [], models: [
            model(0, "cheap", quality: 60, price(1, 2)), model(1, "strong", quality: 90, price(10, 20, cached: 1)),
            model(2, "unpriced", quality: 20, nil),
        ], agents: [agent], policy: Policy())

    private static func read(_ line: String) -> RecordedRequest.Line { RecordedRequest.read(Data(line.utf8)) }

    private static func request(_ line: String) throws -> RecordedRequest {
        guard case .request(let request) = read(line) else { throw Refused(line: line) }
        return request
    }

    private struct Refused: Error { let line: String }

    private static let line = "2026-01-02T03:04:05Z info quintet: answered id=r agent=dev asked=auto complexity=0.9 needs=tools"
        + " attempt=p/cheap:connect attempt=p/strong:ok seconds=1.5 tokens=1000+200 cached=900 usd=0.0059"

    // MARK: Reading

    @Test func readsALineOfTheLog() throws {
        let request = try Self.request(Self.line)
        #expect(request.facts.target == .auto && request.facts.needs == .tools && request.facts.promptTokens == 1000)
        #expect(request.facts.complexity == Complexity(score: 0.9, signals: [], isJudged: true))
        #expect(request.usage == Usage(promptTokens: 1000, completionTokens: 200, cachedPromptTokens: 900))
        #expect(request.deployment == "p/strong" && request.provider == "p" && request.agent == "dev")
        #expect(request.cost == Money(picodollars: 5_900_000_000))
        let abstained = try Self.request(Self.line.replacing("complexity=0.9", with: "complexity=1.0 judged=no"))
        #expect(abstained.facts.complexity?.isJudged == false)
        #expect(try Self.request(Self.line.replacing("p/strong", with: "p#2/a:b")).deployment == "p#2/a:b")
    }

    @Test(arguments: [
        "2026 info quintet: answered id=r tokens=1+1 usd=0", "2026 warning quintet: failed: timeout id=r asked=auto attempt=p/m:timeout seconds=1",
        "2026 info quintet: listening on http://127.0.0.1:8080", "2026 info quintet: caller left id=r asked=m seconds=1",
    ])
    func otherLinesOfTheLogAreNoRequests(line: String) {
        guard case .other = Self.read(line) else { return #expect(Bool(false), "\(line)") }
    }

    @Test(arguments: [
        "", "hello", "{", "{}", "[1]", #"{"model":"auto"}"#, #"{"model":1,"messages":[]}"#, "\u{0}\u{1}",
        line.replacing("1000+200", with: "many"), line.replacing("needs=tools", with: "needs=wings"), String(repeating: "x", count: 100_000),
    ])
    func badLinesAreToldOf(line: String) {
        guard case .bad(let why) = Self.read(line) else { return #expect(Bool(false), "\(line.prefix(50))") }
        #expect(!why.isEmpty)
    }

    @Test func readsARequest() throws {
        let plain = try Self.request(#" {"model":"auto","messages":[{"role":"user","content":"some code"}]}"#)
        #expect(plain.facts.target == .auto && plain.facts.text == "some code" && plain.usage == nil && plain.provider == nil)
        let counted = try Self.request(
            #"{"model":"strong","messages":[{"role":"user","content":"x"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#)
        #expect(counted.usage == Usage(promptTokens: 7, completionTokens: 3))
    }

    // MARK: Adding up

    /// 100 tokens at 10, 900 out of the cache at 1, 200 at 20 millionths: 5,900.
    @Test func eachModelHasItsShare() throws {
        var replay = PolicyReplay(Self.catalogue)
        replay.add(try Self.request(Self.line))
        #expect(replay.shares == ["strong": .init(requests: 1, cost: Money(picodollars: 5_900_000_000))])
        // Another model has nothing in its cache: 1,000 and 400.
        var cheaper = PolicyReplay(Self.catalogue.with(costBias: 0.9))
        cheaper.add(try Self.request(Self.line.replacing("complexity=0.9", with: "complexity=0.1")))
        #expect(cheaper.shares == ["cheap": .init(requests: 1, cost: Money(picodollars: 1_400_000_000))])
        #expect(cheaper.total == .init(requests: 1, cost: Money(picodollars: 1_400_000_000)))
    }

    @Test func whatCannotBeServedOrPricedIsCounted() throws {
        var replay = PolicyReplay(Self.catalogue)
        replay.add(try Self.request(Self.line.replacing("asked=auto", with: "asked=gone")))
        replay.add(try Self.request(Self.line.replacing("needs=tools", with: "needs=audio")))
        #expect(replay.unserved == 2 && replay.shares.isEmpty)
        replay.add(try Self.request(Self.line.replacing("asked=auto", with: "asked=unpriced")))
        #expect(replay.shares == ["unpriced": .init(requests: 1, unpriced: 1)])
    }

    /// A request that was sent to a model by its name goes there under any policy.
    @Test(arguments: ["strong", "agent/dev@strong", "auto@strong", "agent/gone@strong"])
    func namedModelsStay(target: String) throws {
        var replay = PolicyReplay(Self.catalogue.with(costBias: 1))
        replay.add(try Self.request(Self.line.replacing("asked=auto", with: "asked=\(target)")))
        #expect(Array(replay.shares.keys) == ["strong"])
    }

    @Test func bothStandSideBySide() throws {
        var comparison = PolicyComparison(inForce: Self.catalogue, instead: Self.catalogue.with(costBias: 1))
        comparison.add(Self.read(Self.line), number: 1)
        comparison.add(Self.read("2026 info quintet: stopped"), number: 2)
        comparison.add(Self.read("what?"), number: 3)
        #expect(
            comparison.lines == [
                "model   in force       USD  instead       USD", "cheap          -         -        1  0.001400",
                "strong         1  0.005900        -         -", "total          1  0.005900        1  0.001400",
                "1 requests, 1 other lines. Instead they cost 76 % less.", "The log says that 1 of them cost USD 0.0059.",
            ])
        #expect(comparison.bad == 1 && comparison.badLines.map(\.number) == [3])
    }

    @Test func targetsKeepTheirNames() {
        let targets: [RequestFacts.Target] = [
            .auto, .anyModel, .agent("dev"), .model("m/x:y"), .agentOnModel(agent: "dev", model: "m"), .autoOnModel("m"),
        ]
        for target in targets { #expect(RequestFacts.Target(name: target.name) == target) }
        #expect(RequestFacts.Target(name: "a@b") == .model("a@b"))
    }

    @Test func abilitiesKeepTheirCodes() {
        for bits in UInt8(0)..<16 {
            let abilities = Abilities(rawValue: bits)
            #expect(Abilities(codes: abilities.codes) == abilities)
        }
    }
}
