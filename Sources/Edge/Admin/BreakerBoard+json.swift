import Core
import Foundation
import Gateway
import NIOCore
import Wire

extension BreakerBoard {
    /// The whole board, its breakers filtered.
    func json(_ filter: BreakerFilter) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("timestamp")
                $0.moment(time)
                $0.key("overview")
                $0.object {
                    $0.key("closed")
                    $0.integer(count(.closed))
                    $0.key("half_open")
                    $0.integer(count(.halfOpen))
                    $0.key("open")
                    $0.integer(count(.open))
                    $0.key("off")
                    $0.integer(off.count)
                }
                $0.key("breakers")
                $0.array { for entry in entries where filter.takes(entry) { $0.entry(entry, on: self) } }
                $0.key("off")
                $0.array { for off in off { $0.off(off) } }
                $0.key("providers")
                $0.array { for connections in connections { $0.connections(connections) } }
                $0.key("settings")
                $0.settings(settings)
                $0.key("hedging")
                $0.hedging(hedging)
            }
        }
    }

    /// One transition that was just made, and how its breaker stands since.
    func json(_ change: BreakerChange) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("deployment")
                $0.string(change.deployment.id)
                $0.key("from")
                $0.string(change.transition.from.rawValue)
                $0.key("to")
                $0.string(change.transition.to.rawValue)
                $0.key("why")
                $0.string(change.transition.reason.text)
                $0.key("at")
                $0.moment(time)
                $0.key("breaker")
                if let entry = entry(of: change.deployment) { $0.entry(entry, on: self) } else { $0.null() }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func entry(_ entry: BreakerBoard.Entry, on board: BreakerBoard) {
        let report = entry.report
        object {
            $0.key("deployment")
            $0.string(entry.deployment.id)
            $0.key("model")
            $0.string(entry.model)
            $0.key("provider")
            $0.string(entry.deployment.provider)
            $0.key("key_variable")
            $0.string(orNull: entry.deployment.keyVariable)
            $0.key("tags")
            $0.array { for tag in entry.deployment.tags { $0.string(tag) } }
            $0.key("metadata")
            $0.object {
                for (name, value) in entry.deployment.metadata.sorted(by: { $0.key < $1.key }) {
                    $0.key(dynamic: name)
                    $0.string(value)
                }
            }
            $0.key("on")
            $0.bool(entry.deployment.isLive)
            $0.key("state")
            $0.string(report.phase.rawValue)
            $0.key("held_by_admin")
            $0.bool(report.isForcedOpen)
            $0.key("why")
            $0.string(report.why)
            $0.key("since")
            $0.moment(board.moment(report.heldFor))
            $0.key("consecutive_faults")
            $0.integer(report.consecutiveFaults)
            $0.key("window_calls")
            $0.integer(report.windowCalls)
            $0.key("window_faults")
            $0.integer(report.windowFaults)
            $0.key("success_rate")
            if let rate = report.successRate { $0.number(rate) } else { $0.null() }
            $0.key("total_calls")
            $0.integer(report.totalCalls)
            $0.key("total_faults")
            $0.integer(report.totalFaults)
            $0.key("first_token")
            $0.percentiles(report.firstContent)
            $0.key("next_probe_seconds")
            $0.seconds(report.nextProbeIn)
            $0.key("next_probe_at")
            if let wait = report.nextProbeIn { $0.moment(board.moment(.zero - wait)) } else { $0.null() }
            $0.key("probe_running_seconds")
            $0.seconds(report.probeRunningFor)
            $0.key("probe_successes")
            $0.integer(report.probeSuccesses)
            $0.key("opened_count")
            $0.integer(report.openedCount)
            $0.key("last_faults")
            $0.array { for fault in report.lastFaults { $0.fault(fault, on: board) } }
            $0.key("transitions")
            $0.array { for transition in report.transitions { $0.transition(transition, on: board) } }
        }
    }

    private mutating func percentiles(_ percentiles: BreakerReport.Percentiles?) {
        guard let percentiles else { return null() }
        object {
            $0.key("streams")
            $0.integer(percentiles.count)
            $0.key("p50_seconds")
            $0.number(percentiles.p50.seconds)
            $0.key("p95_seconds")
            $0.number(percentiles.p95.seconds)
        }
    }

    private mutating func fault(_ entry: BreakerReport.FaultEntry, on board: BreakerBoard) {
        object {
            $0.key("fault")
            $0.string(entry.fault.rawValue)
            $0.key("at")
            $0.moment(board.moment(entry.ago))
            $0.key("seconds")
            $0.number(entry.elapsed.seconds)
            $0.key("request_id")
            $0.string(orNull: entry.callID)
        }
    }

    private mutating func transition(_ entry: BreakerReport.TransitionEntry, on board: BreakerBoard) {
        object {
            $0.key("from")
            $0.string(entry.from.rawValue)
            $0.key("to")
            $0.string(entry.to.rawValue)
            $0.key("why")
            $0.string(entry.why)
            $0.key("at")
            $0.moment(board.moment(entry.ago))
        }
    }

    fileprivate mutating func off(_ off: BreakerBoard.Off) {
        object {
            $0.key("deployment")
            $0.string(off.deployment.id)
            $0.key("model")
            $0.string(off.model)
            $0.key("provider")
            $0.string(off.deployment.provider)
            $0.key("mend")
            $0.string(off.mend)
        }
    }

    fileprivate mutating func connections(_ connections: BreakerBoard.Connections) {
        object {
            $0.key("provider")
            $0.string(connections.provider.id)
            $0.key("on")
            $0.bool(connections.provider.isOn)
            $0.key("pool")
            $0.pool(connections.pool)
            $0.key("keys")
            $0.array { for access in connections.accesses { $0.access(access) } }
        }
    }

    /// A way in; its key is only named.
    private mutating func access(_ access: BreakerBoard.Access) {
        object {
            $0.key("access")
            $0.string(access.access.id)
            $0.key("variable")
            $0.string(orNull: access.access.keyVariable)
            $0.key("benched_seconds")
            $0.seconds(access.benchedFor)
            $0.key("pool")
            $0.pool(access.pool)
        }
    }

    private mutating func pool(_ pool: PoolReport?) {
        guard let pool else { return null() }
        object {
            $0.key("in_use")
            $0.integer(pool.inUse)
            $0.key("idle")
            $0.integer(pool.idle)
            $0.key("waiting")
            $0.integer(pool.waiting)
            $0.key("limit")
            $0.integer(pool.limit)
        }
    }

    fileprivate mutating func hedging(_ report: HedgeReport?) {
        guard let report else { return null() }
        object {
            $0.key("requests")
            $0.integer(report.requests)
            $0.key("started")
            $0.integer(report.started)
            $0.key("won")
            $0.integer(report.won)
            $0.key("wasted_calls")
            $0.integer(report.wastedCalls)
            $0.key("wasted_usd")
            $0.string(report.wasted.decimalUSD)
            $0.key("wasted_unpriced_calls")
            $0.integer(report.unknownWaste)
        }
    }

    fileprivate mutating func settings(_ settings: BreakerSettings) {
        object {
            $0.key("consecutive_faults")
            $0.integer(settings.consecutiveFaults)
            $0.key("window_seconds")
            $0.number(settings.window.seconds)
            $0.key("window_minimum")
            $0.integer(settings.windowMinimum)
            $0.key("window_fault_share")
            $0.number(settings.windowFaultShare)
            $0.key("open_seconds")
            $0.number(settings.openFor.seconds)
            $0.key("open_max_seconds")
            $0.number(settings.openForMax.seconds)
            $0.key("successes_to_close")
            $0.integer(settings.successesToClose)
        }
    }

    fileprivate mutating func moment(_ date: Date) { string(date.formatted(.iso8601)) }

    private mutating func seconds(_ duration: Duration?) {
        if let duration { number(duration.seconds) } else { null() }
    }
}
