import Core
import NIOCore
import Synchronization
import Wire

/// One call that several requests wait for. Whoever leads it is only the first to have come: the call belongs to nobody, and
/// goes on for as long as somebody waits for it.
final class Flight: Sendable {
    /// How the answer begins.
    enum Landing: Sendable {
        case whole(AnswerHead, WholeAnswer)
        /// Its parts follow in the log.
        case stream(AnswerHead)
        case failed(AnswerFailure)
    }

    /// What wakes a seat.
    enum Signal: Sendable { case news, beat }

    private typealias Waiting = UnsafeContinuation<Void, Never>?

    private struct Seat {
        var position = FlightLog.Position()
        var waiter: UnsafeContinuation<Signal, any Error>?
    }

    private struct State {
        var landing: Landing?
        var log = FlightLog()
        /// The answer that a stream's parts make, at its end.
        var whole: WholeAnswer?
        /// Nothing more will come.
        var isOver = false
        /// Nobody waits any more.
        var isAbandoned = false
        var seats: [Int: Seat] = [:]
        var boarded = 0
        /// The call, while it waits for its readers.
        var producer: Waiting = nil
        /// The task that the call is a child of, while it waits for the end.
        var host: Waiting = nil

        mutating func takeWaiters() -> [UnsafeContinuation<Signal, any Error>] {
            var waiters: [UnsafeContinuation<Signal, any Error>] = []
            for id in seats.keys {
                guard let waiter = seats[id]?.waiter else { continue }
                waiters.append(waiter)
                seats[id]?.waiter = nil
            }
            return waiters
        }

        mutating func takeProducer(ifDue: Bool) -> Waiting {
            guard ifDue || !log.isAhead(of: seats.values.lazy.map(\.position)) else { return nil }
            defer { producer = nil }
            return producer
        }
    }

    /// Whether something was forgotten since the call began that its answer may be part of.
    let isOutdated: @Sendable () -> Bool
    private let state = Mutex(State())
    /// Most requests that wait for one call.
    private static let seatLimit = 65_536

    init(isOutdated: @escaping @Sendable () -> Bool) { self.isOutdated = isOutdated }

    // MARK: Those who wait

    /// A place among those who wait; nil where it is too late to join.
    func board() -> Int? {
        state.withLock { state in
            guard !state.isOver, !state.isAbandoned, state.log.isWhole, state.seats.count < Self.seatLimit else { return nil }
            defer { state.boarded += 1 }
            state.seats[state.boarded] = Seat()
            return state.boarded
        }
    }

    /// Gives a place up. The last one out ends the call. True for that one.
    func leave(_ id: Int) -> Bool {
        let (host, producer, isLast) = state.withLock { state -> (Waiting, Waiting, Bool) in
            guard state.seats.removeValue(forKey: id) != nil else { return (nil, nil, false) }
            guard state.seats.isEmpty, !state.isOver else { return (nil, state.takeProducer(ifDue: false), false) }
            state.isAbandoned = true
            defer { state.host = nil }
            return (state.host, state.takeProducer(ifDue: true), true)
        }
        host?.resume()
        producer?.resume()
        return isLast
    }

    /// How the answer begins; suspends until that is known.
    func landing(for id: Int) async throws -> Landing {
        while true {
            if let landing = state.withLock({ $0.landing }) { return landing }
            _ = try await wait(id) { $0.landing != nil || $0.isOver }
        }
    }

    /// What a seat has not read yet; empty behind the last part. Suspends until there is some.
    func read(_ id: Int, beat: () async throws -> Void) async throws -> ArraySlice<FlightLog.Entry> {
        while true {
            let (entries, isOver, producer) = state.withLock { state -> (ArraySlice<FlightLog.Entry>, Bool, Waiting) in
                guard var position = state.seats[id]?.position else { return ([], true, nil) }
                let entries = state.log.read(from: &position)
                state.seats[id]?.position = position
                if entries.isEmpty { return (entries, state.isOver, nil) }
                state.log.trim(for: state.seats.values.lazy.map(\.position))
                return (entries, false, state.takeProducer(ifDue: false))
            }
            producer?.resume()
            if !entries.isEmpty || isOver { return entries }
            let signal = try await wait(id) { state in
                guard var position = state.seats[id]?.position else { return true }
                return state.isOver || !state.log.read(from: &position).isEmpty
            }
            if signal == .beat { try await beat() }
        }
    }

    /// The whole answer that a stream's parts made; nil where it broke off, or has not ended. To be asked behind its end.
    var whole: WholeAnswer? { state.withLock { $0.whole } }

    private func wait(
        _ id: Int, isolation: isolated (any Actor)? = #isolation, until isDue: (borrowing State) -> Bool
    ) async throws -> Signal {
        try await withTaskCancellationHandler {
            _ = isolation
            return try await withUnsafeThrowingContinuation(isolation: isolation) { continuation in
                let signal = state.withLock { state -> Signal? in
                    if isDue(state) { return .news }
                    state.seats[id]?.waiter = continuation
                    return nil
                }
                if let signal { continuation.resume(returning: signal) }
                // Cancelled before it waited: the handler has found nobody.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { state in
            defer { state.seats[id]?.waiter = nil }
            return state.seats[id]?.waiter
        }
        waiter?.resume(throwing: CancellationError())
    }

    // MARK: The call

    /// Makes the call as a child of this task, and ends it when nobody waits any more.
    func fly(_ call: @escaping @Sendable (Flight) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await call(self)
                self.conclude()
            }
            await withUnsafeContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isOver || state.isAbandoned { return true }
                    state.host = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
            group.cancelAll()
        }
    }

    /// Tells how the answer begins. Only the first word counts.
    func land(_ landing: Landing) {
        let waiters = state.withLock { state in
            if state.landing == nil { state.landing = landing }
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(returning: .news) }
    }

    /// Adds a part; suspends while the readers are too far behind.
    func append(_ entry: FlightLog.Entry) async {
        let waiters = state.withLock { state in
            state.log.append(entry)
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(returning: .news) }
        await withUnsafeContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isAbandoned || !state.log.isAhead(of: state.seats.values.lazy.map(\.position)) { return true }
                state.producer = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Tells those who wait that there is nothing to say yet.
    func beat() {
        let waiters = state.withLock { $0.takeWaiters() }
        for waiter in waiters { waiter.resume(returning: .beat) }
    }

    /// The chunks that came; nil where they are not all there any more.
    var chunks: [SSEEvent]? { state.withLock { $0.log }.chunks }

    /// Keeps what the parts make together.
    func put(_ whole: WholeAnswer) { state.withLock { $0.whole = whole } }

    /// Nothing more will come.
    private func conclude() {
        let (waiters, host) = state.withLock { state in
            state.isOver = true
            if state.landing == nil {
                state.landing = .failed(AnswerFailure(error: GatewayError(.callerGone, .client, "The caller hung up.")))
            }
            defer { state.host = nil }
            return (state.takeWaiters(), state.host)
        }
        for waiter in waiters { waiter.resume(returning: .news) }
        host?.resume()
    }
}
