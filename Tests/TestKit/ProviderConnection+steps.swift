import NIOCore

extension ProviderConnection {
    /// Performs steps until one of them has to wait.
    func proceed() {
        while case .performing(let steps, let next, let forRequest) = self.phase {
            guard next < steps.count else {
                return forRequest ? self.close() : self.rest()
            }
            self.phase = .performing(steps, next: next + 1, forRequest: forRequest)
            guard self.perform(steps[next]) else { return }
        }
    }

    /// Performs one step. Returns false when something else goes on with the next step, or nothing does.
    private func perform(_ step: Step) -> Bool {
        switch step {
        case .bytes(let bytes): self.write(ByteBuffer(bytes: bytes), sliceSize: 64 << 10, gap: .zero)
        case .dribble(let bytes, let sliceSize, let gap):
            self.write(ByteBuffer(bytes: bytes), sliceSize: max(1, sliceSize), gap: gap)
        case .pause(let duration): self.timer = self.later(duration) { $0.proceed() }
        case .wait(let gate):
            gate.whenOpen(self.onLoop { $0.proceed() })
        case .signal(let gate):
            gate.open()
            return true
        case .readNothing:
            self.reading = .nothing
            return true
        case .readSlowly(let sliceSize, let gap):
            self.read(.slowly(gap: gap), atMost: max(1, sliceSize))
            return true
        case .readNormally:
            self.read(.normally, atMost: nil)
            return true
        case .readHead:
            self.isWaitingForHead = !self.hasSeenHead
            if self.isWaitingForHead, self.peerHasEnded { self.close() }
            return self.hasSeenHead
        case .hang:
            self.phase = .idling
            if self.peerHasEnded { self.close() }
        case .reset: self.close(abortively: true)
        case .close: self.close()
        case .closeOutput: self.closeOutput()
        case .keepAlive: self.rest()
        }
        return false
    }

    /// The script is over; the next request gets its own, from the event loop lest a long pipeline grow the stack.
    private func rest() {
        self.phase = .waiting
        self.onLoop { $0.answerNext() }()
    }

    private func write(_ bytes: ByteBuffer, sliceSize: Int, gap: Duration) {
        var rest = bytes
        guard let slice = rest.readSlice(length: min(sliceSize, rest.readableBytes)), slice.readableBytes > 0 else {
            return self.onLoop { $0.proceed() }()
        }
        let remaining = rest
        self.channel.writeAndFlush(slice).assumeIsolated().whenComplete { result in
            // A closed channel ends the script elsewhere; where only our half is closed, writing is a step that fails.
            guard case .success = result else { return self.onLoop { $0.proceed() }() }
            self.hub.record.update { [number = self.number] in
                $0.connections[number].bytesWritten += slice.readableBytes
            }
            self.timer = self.later(gap) { $0.write(remaining, sliceSize: sliceSize, gap: gap) }
        }
    }

    private func closeOutput() {
        self.channel.close(mode: .output).assumeIsolated().whenComplete { _ in self.proceed() }
    }

    private func read(_ reading: Reading, atMost sliceSize: Int?) {
        self.reading = reading
        let allocator: any RecvByteBufferAllocator
        if let sliceSize {
            allocator = FixedSizeRecvByteBufferAllocator(capacity: sliceSize)
        } else {
            allocator = AdaptiveRecvByteBufferAllocator()
        }
        try? self.channel.syncOptions?.setOption(.recvAllocator, value: allocator)
        try? self.channel.syncOptions?.setOption(.maxMessagesPerRead, value: UInt(sliceSize == nil ? 4 : 1))
        self.pull()
    }

    /// Runs `action` on the event loop after that time.
    func later(_ delay: Duration, _ action: @escaping (ProviderConnection) -> Void) -> Scheduled<Void> {
        self.channel.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { action(self) }
    }

    /// A way back onto the event loop, for any thread.
    private func onLoop(_ action: @escaping @Sendable (ProviderConnection) -> Void) -> @Sendable () -> Void {
        let bound = NIOLoopBound(self, eventLoop: self.channel.eventLoop)
        let eventLoop = self.channel.eventLoop
        return { eventLoop.execute { action(bound.value) } }
    }
}
