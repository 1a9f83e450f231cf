import Core
import Wire

/// One request's place in a flight. Letting go of it is leaving.
final class FlightSeat<Cargo: FlightCargo>: Sendable {
    let flight: Flight<Cargo>
    private let id: Int
    private let onLastLeft: @Sendable (Flight<Cargo>) -> Void

    init(flight: Flight<Cargo>, id: Int, onLastLeft: @escaping @Sendable (Flight<Cargo>) -> Void) {
        self.flight = flight
        self.id = id
        self.onLastLeft = onLastLeft
    }

    deinit {
        if flight.leave(id) { onLastLeft(flight) }
    }

    /// How the answer begins; suspends until that is known.
    ///
    /// - Throws: `CancellationError` when the request's task is cancelled.
    func landing() async throws -> Flight<Cargo>.Landing { try await flight.landing(for: id) }

    /// What comes next; empty behind the end.
    ///
    /// - Throws: `CancellationError` when the request's task is cancelled, ``GatewayError`` when it reads too slowly.
    func read(beat: () async throws -> Void) async throws -> [FlightLog<Cargo.Part>.Entry] {
        try await flight.read(id, beat: beat)
    }
}

extension AnswerStream.End {
    /// The same for a request that another's call answered.
    fileprivate func shared(by head: AnswerHead) -> AnswerStream.End {
        AnswerStream.End(usage: usage, cost: .zero, attempts: [], receipt: Receipt([head.sharedCall(saved: cost)]))
    }
}

/// A stream that is read from a seat.
struct SeatStream: Sendable {
    private let seat: FlightSeat<AnswerCargo>
    private let wantsUsage: Bool
    private let settlement: Settlement
    private let head: AnswerHead
    /// Whether the call is on this request's account.
    private let isLeader: Bool
    private var pending: ArraySlice<FlightLog<AnswerStream.Part>.Entry> = []
    private var isOver = false

    init(_ seat: FlightSeat<AnswerCargo>, _ head: AnswerHead, wantsUsage: Bool, settlement: Settlement, isLeader: Bool) {
        self.seat = seat
        self.wantsUsage = wantsUsage
        self.head = head
        self.settlement = settlement
        self.isLeader = isLeader
    }

    mutating func next(beat: () async throws -> Void) async throws -> AnswerStream.Part? {
        while !isOver {
            if pending.isEmpty {
                do { pending = try await seat.read(beat: beat)[...] } catch let error as GatewayError {
                    return fail(AnswerFailure(error: error))
                }
                guard !pending.isEmpty else { break }
            }
            guard let entry = pending.popFirst(), wantsUsage || !entry.isUsageOnly else { continue }
            switch entry.part {
            case .events(let events): return .events(events + following())
            case .resumed: return entry.part
            case .done(let end):
                isOver = true
                settlement.note { $0.usage = end.usage }
                settlement.settle(.complete)
                return .done(isLeader ? end : end.shared(by: head))
            case .failed(let failure):
                return fail(isLeader ? failure : failure.shared)
            }
        }
        return nil
    }

    private mutating func fail(_ failure: AnswerFailure) -> AnswerStream.Part {
        isOver = true
        settlement.settle(.failed(failure.error.code))
        return .failed(failure)
    }

    /// The chunks that are there already, so that a reader who joined late gets them as one.
    private mutating func following() -> [SSEEvent] {
        var events: [SSEEvent] = []
        while let entry = pending.first, case .events(let more) = entry.part {
            pending.removeFirst()
            if wantsUsage || !entry.isUsageOnly { events += more }
        }
        return events
    }
}
