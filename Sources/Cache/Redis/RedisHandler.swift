import Gateway
import NIOCore

/// One connection's traffic: sends calls as they come, without waiting for the replies to those before, and gives each its
/// replies, which come in the same order. It lives on its channel's loop.
final class RedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Flight {
        let call: RedisCall
        let byteCount: Int
        let timeout: Scheduled<Void>
        var replies: [RESPReply] = []
    }

    private let settings: RedisSettings
    private let eventLoop: any EventLoop
    private let reader: ReplyReader
    private let hear: (@Sendable (RemoteSignal) -> Void)?
    private let end: EventLoopPromise<RedisLoss>
    private var loss: RedisLoss?
    private var context: ChannelHandlerContext?

    /// Oldest first. A call that nobody waits for any more keeps its place, for the replies that are still to come.
    private var flights = CircularBuffer<Flight>()
    private var bytesInFlight = 0
    private var isFlushScheduled = false
    /// When something was last heard, or else the silence began to count.
    private var lastHeard = NIODeadline.now()
    private var silenceCheck: RepeatedTask?

    /// - Parameter hear: takes what is published to a subscriber; nil for a connection that subscribes to nothing.
    init(_ settings: RedisSettings, on eventLoop: any EventLoop, hear: (@Sendable (RemoteSignal) -> Void)?) {
        self.settings = settings
        self.eventLoop = eventLoop
        self.hear = hear
        reader = ReplyReader(byteLimit: settings.replyBytes)
        end = eventLoop.makePromise()
    }

    /// Why the connection ended, once it has.
    var ended: EventLoopFuture<RedisLoss> { end.futureResult }

    // MARK: Sending

    /// Sends a call's commands; they are flushed together with those of the loop's same turn.
    func submit(_ call: RedisCall, by deadline: Instant) {
        if let loss { return call.settle(.failure(RedisError.away(loss.words))) }
        guard let context, !call.isSettled else { return call.settle(.failure(RedisError.away("is not connected yet"))) }
        let byteCount = call.byteCount
        guard flights.count < settings.callLimit, bytesInFlight + byteCount <= settings.byteLimit else {
            return call.settle(.failure(RedisError.busy))
        }
        if flights.isEmpty { lastHeard = .now() }
        let timeout = eventLoop.scheduleTask(in: TimeAmount(deadline - .now)) { call.settle(.failure(RedisError.timeout)) }
        flights.append(Flight(call: call, byteCount: byteCount, timeout: timeout))
        bytesInFlight += byteCount
        for command in call.commands { context.write(wrapOutboundOut(command.wire), promise: nil) }
        flushSoon()
    }

    private func flushSoon() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            handler.value.isFlushScheduled = false
            handler.value.context?.flush()
        }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        do {
            try reader.feed(unwrapInboundIn(data))
            while loss == nil, let reply = try reader.next() { take(reply) }
        } catch {
            finish(.unintelligible(error.message, from: settings.address))
        }
    }

    private func take(_ reply: RESPReply) {
        if let hear, let signal = reply.signal {
            hear(signal)
            if case .message = signal { return }
        }
        guard var flight = flights.first else {
            return finish(unasked(reply))
        }
        flight.replies.append(reply)
        if flight.replies.count < flight.call.commands.count {
            flights[flights.startIndex] = flight
        } else {
            flights.removeFirst()
            settle(flight, .success(flight.replies))
        }
    }

    /// What a reply to nothing means: a Redis that lets nobody in says so before it is asked.
    private func unasked(_ reply: RESPReply) -> RedisLoss {
        if case .failure(let refusal) = reply, let loss = RedisLoss(refusal, from: settings.address) { return loss }
        return .unintelligible("a reply that belongs to no command", from: settings.address)
    }

    private func settle(_ flight: Flight, _ outcome: RedisCall.Outcome) {
        bytesInFlight -= flight.byteCount
        flight.timeout.cancel()
        flight.call.settle(outcome)
    }

    // MARK: Beginning and end

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        let pace = TimeAmount(settings.silence / 4)
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        silenceCheck = eventLoop.scheduleRepeatedTask(initialDelay: pace, delay: pace) { _ in handler.value.checkSilence() }
        context.fireChannelActive()
    }

    private func checkSilence() {
        guard !flights.isEmpty, .now() - lastHeard > TimeAmount(settings.silence) else { return }
        finish(.silent(for: settings.silence, address: settings.address))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(RedisLoss(error, address: settings.address)) }

    func channelInactive(context: ChannelHandlerContext) {
        // Redis says why it sends somebody away, and does not wait for what was asked.
        if let flight = flights.first, case .failure(let refusal) = flight.replies.last {
            flight.call.settle(.failure(RedisError.refused(refusal)))
        }
        finish(.closed(settings.address))
        context.fireChannelInactive()
    }

    /// Also for a channel that never came to be active.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        finish(.closed(settings.address))
    }

    /// Ends the connection; the first reason counts.
    func finish(_ loss: RedisLoss) {
        guard self.loss == nil else { return }
        self.loss = loss
        silenceCheck?.cancel()
        for flight in flights { settle(flight, .failure(RedisError.away(loss.words))) }
        flights.removeAll()
        // TLS may take its time to say goodbye to a peer that is silent; nobody waits for it.
        end.succeed(loss)
        context?.close(promise: nil)
    }
}

extension RESPReply {
    /// What a subscriber hears by it; nil for the replies to its other commands.
    fileprivate var signal: RemoteSignal? {
        guard case .array(let parts) = self, parts.count == 3 else { return nil }
        switch (parts[0].text, parts[2]) {
        case ("subscribe", _): return .subscribed
        case ("message", .bulk(let message)): return .message(message)
        default: return nil
        }
    }
}
