import Core
import FoundationEssentials
import Gateway
import Hummingbird
import NIOCore
import Wire

/// `GET /ai/circuit-breaker`: every deployment's breaker and every provider's connections, as they are now.
struct BreakerRoute: Sendable {
    let gateway: Gateway

    @Sendable func answer(_ request: Request, _ context: EdgeContext) async throws -> Response {
        Response(json: body(now: .now))
    }

    private func body(now: Date) -> ByteBuffer {
        let fleet = gateway.fleet
        let catalogue = fleet.catalogue
        let modelNames = Dictionary(
            catalogue.models.flatMap { model in model.deployments.map { ($0.id, model.name) } }) { first, _ in first }
        return JSONWriter.text { writer in
            writer.object {
                $0.key("timestamp")
                $0.string(now.formatted(.iso8601))
                $0.key("breakers")
                $0.array {
                    for (deployment, report) in fleet.breakers.reports() where deployment.isLive {
                        $0.breaker(deployment, model: modelNames[deployment.id], report, now: now)
                    }
                }
                $0.key("providers")
                $0.array {
                    let pools = Dictionary(fleet.pools.map { ($0.access, $0) }) { first, _ in first }
                    let keys = Dictionary(fleet.keys.reports().map { ($0.access, $0) }) { first, _ in first }
                    for provider in catalogue.providers {
                        $0.object {
                            $0.key("provider")
                            $0.string(provider.id)
                            $0.key("on")
                            $0.bool(provider.isOn)
                            $0.key("pool")
                            $0.pool(provider.accesses.compactMap { pools[$0.id] })
                            $0.key("keys")
                            $0.array {
                                for access in provider.accesses { $0.access(access, keys[access.id], pools[access.id]) }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func breaker(
        _ deployment: Deployment, model: String?, _ report: BreakerReport, now: Date
    ) {
        object {
            $0.key("deployment")
            $0.string(deployment.id)
            $0.key("model")
            $0.string(orNull: model)
            $0.key("provider")
            $0.string(deployment.provider)
            $0.key("key_variable")
            $0.string(orNull: deployment.keyVariable)
            $0.key("tags")
            $0.array { for tag in deployment.tags { $0.string(tag) } }
            $0.key("metadata")
            $0.object {
                for (name, value) in deployment.metadata.sorted(by: { $0.key < $1.key }) {
                    $0.key(dynamic: name)
                    $0.string(value)
                }
            }
            $0.key("on")
            $0.bool(deployment.isLive)
            $0.key("state")
            $0.string(report.phase.rawValue)
            $0.key("why")
            $0.string(report.why)
            $0.key("since")
            $0.string(now.before(report.heldFor))
            $0.key("consecutive_faults")
            $0.integer(report.consecutiveFaults)
            $0.key("window_calls")
            $0.integer(report.windowCalls)
            $0.key("window_faults")
            $0.integer(report.windowFaults)
            $0.key("success_rate")
            if let rate = report.successRate { $0.number(rate) } else { $0.null() }
            $0.key("next_probe_seconds")
            if let wait = report.nextProbeIn { $0.number(wait.seconds) } else { $0.null() }
            $0.key("opened_count")
            $0.integer(report.openedCount)
            $0.key("last_faults")
            $0.array { for fault in report.lastFaults { $0.fault(fault, now: now) } }
            $0.key("transitions")
            $0.array { for transition in report.transitions { $0.transition(transition, now: now) } }
        }
    }

    private mutating func fault(_ entry: BreakerReport.FaultEntry, now: Date) {
        object {
            $0.key("fault")
            $0.string(entry.fault.rawValue)
            $0.key("at")
            $0.string(now.before(entry.ago))
            $0.key("seconds")
            $0.number(entry.elapsed.seconds)
            $0.key("request_id")
            $0.string(orNull: entry.callID)
        }
    }

    private mutating func transition(_ entry: BreakerReport.TransitionEntry, now: Date) {
        object {
            $0.key("from")
            $0.string(entry.from.rawValue)
            $0.key("to")
            $0.string(entry.to.rawValue)
            $0.key("why")
            $0.string(entry.why)
            $0.key("at")
            $0.string(now.before(entry.ago))
        }
    }

    /// A provider's way in; its key is only named.
    fileprivate mutating func access(_ access: Provider.Access, _ key: KeyBenches.Report?, _ pool: PoolReport?) {
        object {
            $0.key("access")
            $0.string(access.id)
            $0.key("variable")
            $0.string(orNull: access.keyVariable)
            $0.key("benched_seconds")
            if let wait = key?.benchedFor { $0.number(wait.seconds) } else { $0.null() }
            $0.key("pool")
            $0.pool(pool.map { [$0] } ?? [])
        }
    }

    /// The sum of these.
    fileprivate mutating func pool(_ pools: [PoolReport]) {
        guard !pools.isEmpty else { return null() }
        object {
            $0.key("in_use")
            $0.integer(pools.reduce(0) { $0 + $1.inUse })
            $0.key("idle")
            $0.integer(pools.reduce(0) { $0 + $1.idle })
            $0.key("waiting")
            $0.integer(pools.reduce(0) { $0 + $1.waiting })
            $0.key("limit")
            $0.integer(pools.reduce(0) { $0 + $1.limit })
        }
    }
}

extension Date {
    fileprivate func before(_ age: Duration) -> String { addingTimeInterval(-age.seconds).formatted(.iso8601) }
}
