import Core
@testable import Gateway
import Logging
import NIOCore
import TestKit
import Testing
import Wire

/// A gateway whose every edge is the test's: the providers, the time, the chance, the outcomes.
struct GatewayRig: Sendable {
    let time = ManualTime()
    let calls: ScriptedCalls
    let outcomes = OutcomeList()
    let breakers: Breakers
    let gateway: Gateway

    /// - Parameters:
    ///   - models: in the order of their names; the first one is asked for by default.
    ///   - chance: what the gateway gets as its random numbers.
    init(
        _ models: [ModelSpec], agents: [Agent] = [], policy: Policy = Policy(), chance: Double = 0,
        heartbeat: Heartbeat = Heartbeat(), script: @escaping ScriptedCalls.Script
    ) {
        self.init(
            byCall: { call, index in script(call.provider, index) }, models, agents: agents, policy: policy,
            chance: chance, heartbeat: heartbeat)
    }

    /// - Parameter answering: gets each call as it was made, and how many that provider had before.
    init(
        byCall answering: @escaping ScriptedCalls.Answering, _ models: [ModelSpec], agents: [Agent] = [],
        policy: Policy = Policy(), chance: Double = 0, heartbeat: Heartbeat = Heartbeat()
    ) {
        let catalogue = Catalogue(models, agents: agents, policy: policy)
        let time = time
        let now: @Sendable () -> Instant = { time.now }
        calls = ScriptedCalls(time, answering)
        breakers = Breakers(
            catalogue: catalogue, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: now)
        gateway = Gateway(
            catalogue: catalogue, breakers: breakers, calls: calls, outcomes: outcomes, now: now, random: { chance },
            heartbeat: heartbeat)
    }

    /// Asks and returns the answer, or the failure.
    ///
    /// - Parameter more: further members of the request: `,"n":2`.
    func ask(
        _ model: String = "a", isStream: Bool = false, wantsUsage: Bool = false, id: String = "req",
        priority: RequestFacts.Priority = .normal, more: String = ""
    ) async -> Result<Answer, AnswerFailure> {
        do throws(AnswerFailure) {
            return .success(try await gateway.answer(.chat(model, isStream: isStream, wantsUsage: wantsUsage, id: id, priority: priority, more: more)))
        } catch { return .failure(error) }
    }

    /// Asks for a stream and expects to get one.
    func stream(_ model: String = "a", wantsUsage: Bool = false, more: String = "") async throws -> AnswerStream {
        guard case .stream(_, let stream) = try await ask(model, isStream: true, wantsUsage: wantsUsage, more: more).get() else {
            throw Unexpected(what: "a whole answer")
        }
        return stream
    }

    /// Opens the breakers of these deployments.
    func open(_ deployments: String..., fault: Fault = .serverError) {
        for (deployment, _) in breakers.reports() where deployments.contains(deployment.provider) {
            for _ in 0..<5 {
                guard case .admitted(let ticket) = breakers.admit(deployment) else { continue }
                breakers.settle(deployment, ticket, .fault(fault, retryAfter: nil), requestID: "earlier")
            }
        }
    }

    /// How the breaker of the provider's first deployment stands.
    func breaker(_ provider: String = "a1") -> BreakerReport? {
        breakers.reports().first { $0.deployment.provider == provider }?.report
    }

    /// Calls that counted for that breaker, and those of them that were faults.
    func counts(_ provider: String = "a1") -> [Int] {
        breaker(provider).map { [$0.windowCalls, $0.windowFaults] } ?? []
    }
}

/// Something came that the test has no use for.
struct Unexpected: Error { let what: String }

/// Outcomes as they were recorded.
final class OutcomeList: OutcomeSink {
    private let list = Watched<[Outcome]>([])

    func record(_ outcome: Outcome) { list.update { $0.append(outcome) } }

    var all: [Outcome] { list.value }
    var endings: [Outcome.Ending] { all.map(\.ending) }

    /// The outcome of the only request; an issue when there is not exactly one.
    func only(sourceLocation: SourceLocation = #_sourceLocation) throws -> Outcome {
        let all = all
        #expect(all.count == 1, sourceLocation: sourceLocation)
        return try #require(all.first, sourceLocation: sourceLocation)
    }
}

/// A model of the test's catalogue.
struct ModelSpec {
    var name: String
    /// One deployment each; a provider's name is unique to it.
    var providers: [String]
    var api = Provider.API.openai
    var fallbacks: [String]? = []
    var window: Int?
    var price: Price?
    var timeouts = Timeouts()
    var acceptsPrefill = false
    var prefill = Provider.Prefill()

    /// `a` at the providers `a1`, `a2`, … with these fallbacks.
    static func named(
        _ name: String, at count: Int = 1, fallbacks: [String]? = [], window: Int? = nil, timeouts: Timeouts = Timeouts()
    ) -> ModelSpec {
        ModelSpec(
            name: name, providers: (1...count).map { "\(name)\($0)" }, fallbacks: fallbacks, window: window,
            price: Price(.init(prompt: Money(picodollars: 100), completion: Money(picodollars: 1000))), timeouts: timeouts)
    }
}

extension Catalogue {
    init(_ specs: [ModelSpec], agents: [Agent], policy: Policy) {
        var next = 0
        let models = specs.enumerated().map { index, spec in
            let deployments = spec.providers.map { provider in
                defer { next += 1 }
                return Deployment(
                    index: next, id: "\(provider)/there", provider: provider, keyVariable: "\(provider.uppercased())_KEY",
                    modelName: "\(spec.name)-there", weight: 1, isLive: true)
            }
            return Model(
                index: index, name: spec.name, deployments: deployments, balance: policy.balance,
                fallbacks: spec.fallbacks, quality: 50, tier: .medium, inputWindow: spec.window, outputWindow: nil, abilities: [], acceptsSampling: true,
                price: spec.price, timeouts: spec.timeouts, ownedBy: "test", acceptsPrefill: spec.acceptsPrefill)
        }
        let providers = specs.flatMap { spec in
            spec.providers.map { id in
                Provider(
                    id: id, api: spec.api, baseURL: "http://\(id)", keyVariables: [], switchVariable: nil,
                    acceptsStreamOptions: true, outputLimitField: .maxTokens, inFlightLimit: 10, state: .on,
                    accesses: [], prefill: spec.prefill)
            }
        }.sorted { $0.id < $1.id }
        self.init(providers: providers, models: models, agents: agents, policy: policy)
    }
}

extension Ask {
    /// A small chat request.
    static func chat(
        _ model: String, isStream: Bool = false, wantsUsage: Bool = false, id: String = "req",
        priority: RequestFacts.Priority = .normal, more: String = ""
    ) -> Ask {
        let stream = isStream ? #","stream":true"# + (wantsUsage ? #","stream_options":{"include_usage":true}"# : "") : ""
        let body = #"{"model":"\#(model)","messages":[{"role":"user","content":"hi"}]\#(stream)\#(more)}"#
        do {
            return Ask(
                requestID: id, request: try ChatRequest(ByteBuffer(string: body)), target: .init(modelField: model),
                priority: priority)
        } catch { preconditionFailure("the test's own request is wrong: \(error)") }
    }
}

extension Result where Success == Answer, Failure == AnswerFailure {
    /// The answer's head.
    var head: AnswerHead? {
        switch self {
        case .success(.whole(let head, _)), .success(.stream(let head, _)): head
        case .failure: nil
        }
    }

    /// The text of a whole answer.
    var text: String? { if case .success(.whole(_, let answer)) = self { answer.text } else { nil } }

    var failure: AnswerFailure? { if case .failure(let failure) = self { failure } else { nil } }
    var error: GatewayError? { failure?.error }
    /// The status that the caller gets for the failure.
    var status: Int? { error.map(ErrorAnswer.status) }
}

/// All parts of a stream, read to its end.
struct StreamParts: Equatable {
    /// The data of all events.
    var events: [String] = []
    /// How many parts brought them.
    var batches = 0
    var done = 0
    var usage: Usage?
    var cost: Money?
    var failures: [GatewayError.Code] = []
    var message = ""
    /// Of what broke off.
    var receipt: Receipt?
    var resumptions: [Resumption] = []
    /// Heartbeats on the way.
    var beats = 0
    /// The kinds of the parts, in order: `e`, `r`, `d` or `f`.
    var order = ""

    init(reading stream: consuming AnswerStream) async throws {
        var beats = 0
        defer { self.beats = beats }
        while let part = try await stream.next(beat: { beats += 1 }) {
            switch part {
            case .events(let events):
                self.events += events.map { String(buffer: $0.data) }
                batches += 1
                if order.last != "e" { order += "e" }
            case .resumed(let resumption):
                resumptions.append(resumption)
                order += "r"
            case .done(let end):
                (usage, cost) = (end.usage, end.cost)
                done += 1
                order += "d"
            case .failed(let failure):
                failures.append(failure.error.code)
                message = failure.error.message
                receipt = failure.receipt
                order += "f"
            }
        }
    }
}
