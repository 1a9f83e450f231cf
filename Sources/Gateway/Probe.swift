import Core
import NIOCore
import Wire

/// One background call to find out whether a deployment is well again.
struct Probe: Sendable {
    let model: Model
    let deployment: Deployment
    let fleet: Fleet
    let isKeyOnTrial: Bool

    enum Finding: Sendable, Equatable {
        /// The breaker or the key's bench has its verdict, or somebody else probes.
        case settled
        /// The call said nothing of the provider's health.
        case nothing(deployment: String)
    }

    /// The name under which a probe's faults are kept, where a request's id stands.
    static let name = "probe"
    /// For each of the two calls.
    private static let patience: Duration = .seconds(10)

    /// Cancelling the task ends the call.
    func run() async -> Finding {
        guard let provider = fleet.catalogue.provider(deployment.provider), let permit = fleet.admit(deployment) else {
            return .settled
        }
        let verdict = await verdict(of: provider)
        fleet.settle(permit, verdict, requestID: Self.name)
        return verdict.saysSomething ? .settled : .nothing(deployment: deployment.id)
    }

    private func verdict(of provider: Provider) async -> Breaker.Verdict {
        do {
            let faults = fleet.breakers.recentFaults(of: deployment)
            let isListed = try await canListModels()
            if isListed, ProbeRule.proof(after: faults, isKeyOnTrial: isKeyOnTrial) == .reachable { return .success }
            try await askForOneToken(provider)
            return .success
        } catch let failure as UpstreamFailure {
            // The transport reports any wait that ran out as a stall; here nothing had arrived yet.
            return .fault(failure.fault == .stall ? .firstContentTimeout : failure.fault, retryAfter: nil)
        } catch let failure as AttemptFailure {
            return .fault(failure.fault, retryAfter: failure.retryAfter)
        } catch {
            return .neutral
        }
    }

    /// Whether the provider lists its models. One that has no such list is no worse for it.
    private func canListModels() async throws -> Bool {
        var call = call(ByteBuffer())
        call.kind = .models
        let limit = limit
        let reply = try await fleet.calls.send(call, by: limit)
        if (200..<300).contains(reply.status) {
            reply.finish()
            return true
        }
        if [404, 405, 501].contains(reply.status) { return false }
        let failure = try await AttemptFailure(reply, .openai, by: limit)
        if failure.fault.meaning.blame == .caller { return false }
        throw failure
    }

    private func askForOneToken(_ provider: Provider) async throws {
        let wire = ProviderWire(provider.api, model: model.name)
        let request = try ChatRequest(
            JSONWriter.text { writer in
                writer.object {
                    $0.key("model")
                    $0.string(model.name)
                    $0.key("messages")
                    $0.array {
                        $0.object {
                            $0.key("role")
                            $0.string("user")
                            $0.key("content")
                            $0.string("Hi")
                        }
                    }
                    $0.key(dynamic: provider.outputLimitField.rawValue)
                    $0.integer(1)
                }
            })
        let limit = limit
        let body = try wire.body(of: request, for: model, at: deployment, of: provider, agent: nil)
        let reply = try await fleet.calls.send(call(body), by: limit)
        guard (200..<300).contains(reply.status) else { throw try await AttemptFailure(reply, wire, by: limit) }
        // One token may well be no content; that it is an answer is all that counts.
        guard let answer = wire.whole(try await reply.collect(by: limit)), ProviderAnswer.whole(answer) != nil else {
            throw UpstreamFailure(.malformed, "the provider's answer is not a chat completion")
        }
    }

    private var limit: Instant { fleet.breakers.now().advanced(by: Self.patience) }

    private func call(_ body: ByteBuffer) -> UpstreamCall {
        UpstreamCall(
            access: deployment.access, body: body, isStream: false, connectTimeout: model.timeouts.connect, acquireBy: limit)
    }
}

extension Breaker.Verdict {
    /// Whether a breaker or a key's bench learns anything from it.
    fileprivate var saysSomething: Bool {
        switch self {
        case .success: true
        case .fault(let fault, _): fault.meaning.countsForBreaker || fault.meaning.blame == .key
        case .neutral: false
        }
    }
}
