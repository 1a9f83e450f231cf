import Core
import Foundation
import Gateway
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// One reader's stream of the breakers: how they stand, then each transition as it is made, and every few seconds how
/// they stand again, which keeps ages right and is the heartbeat. It ends when the reader leaves or the gateway stops.
struct BreakerFeed: Sendable {
    /// What the snapshots are.
    enum Form {
        /// `event: snapshot`, the board in JSON.
        case json
        /// `event: page`, the part of the page that changes.
        case page
    }

    private enum Signal: Sendable {
        case change(BreakerChange)
        case refresh
    }

    /// Signals kept for a reader that is slow; of more the newest. None is lost for good: each snapshot has the history.
    private static let backlog = 64
    private static let refresh = Duration.seconds(2)

    let gateway: Gateway
    let form: Form
    let filter: BreakerFilter
    let canAct: Bool
    /// Held for as long as the feed is.
    let seat: FeedSeats.Seat

    /// Writes until the end.
    func write(to writer: ResponseWriter) async throws {
        let (signals, continuation) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(Self.backlog))
        let watch = gateway.breakers.watch { continuation.yield(.change($0)) }
        defer { withExtendedLifetime((watch, seat)) {} }
        // A child of the connection's task, cancelled where this function ends.
        async let _: Void = Self.tick(into: continuation)
        try await writer.write(snapshot())
        for await signal in signals {
            if case .change(let change) = signal {
                if let event = try await transition(change) { try await writer.write(event) }
                // A reader of JSON finds its breaker in the transition.
                if form == .json { continue }
            }
            try await writer.write(snapshot())
        }
    }

    /// Asks for a refresh every few seconds; ends the stream when the gateway stops, or the reader has left.
    private static func tick(into continuation: AsyncStream<Signal>.Continuation) async {
        await withGracefulShutdownHandler {
            while (try? await Task.sleep(for: refresh)) != nil { continuation.yield(.refresh) }
        } onGracefulShutdown: {
            continuation.finish()
        }
    }

    private func snapshot() async throws -> ByteBuffer {
        try await BreakerBoard.now(of: gateway) { [form, filter, canAct] board in
            switch form {
            case .json: SSEFrame.event("snapshot", board.json(filter))
            case .page:
                SSEFrame.event(
                    "page", ByteBuffer(string: BreakerPage(board: board, filter: filter, canAct: canAct).live.text))
            }
        }
    }

    /// nil for a deployment that the reader does not look for.
    private func transition(_ change: BreakerChange) async throws -> ByteBuffer? {
        try await BreakerBoard.now(of: gateway) { [filter] board in
            guard let entry = board.entry(of: change.deployment), filter.names(entry) else { return nil }
            return SSEFrame.event("transition", board.json(change))
        }
    }
}

extension BreakerBoard {
    /// Takes the board and makes something of it, off the event loop: with many deployments that takes milliseconds.
    static func now<Result: Sendable>(
        of gateway: Gateway, _ make: @escaping @Sendable (BreakerBoard) -> Result
    ) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive { make(BreakerBoard(gateway, time: .now)) }
    }
}

/// The places for readers of feeds: each costs a rendering every few seconds, so they are bounded.
final class FeedSeats: Sendable {
    /// A taken place; free again when it is let go of.
    final class Seat: Sendable {
        private let seats: FeedSeats
        fileprivate init(_ seats: FeedSeats) { self.seats = seats }
        deinit { seats.taken.subtract(1, ordering: .relaxed) }
    }

    private let limit: Int
    private let taken = Atomic(0)

    init(limit: Int = 32) { self.limit = limit }

    func take() throws(GatewayError) -> Seat {
        guard taken.add(1, ordering: .relaxed).newValue <= limit else {
            taken.subtract(1, ordering: .relaxed)
            var error = GatewayError(
                .tooManyFeeds, .gateway,
                "\(limit) readers follow the breakers already. Close one, or read /ai/circuit-breaker without the feed.")
            error.retryAfter = .seconds(5)
            throw error
        }
        return Seat(self)
    }
}
