import CCurl
import Core
import Gateway
import Glibc

/// The event loop around one libcurl multi handle: epoll for its sockets and the inbox, one timer for libcurl's
/// waits, a tick for the readers' deadlines. It lives on the engine's thread and nothing of it leaves that thread.
final class EngineLoop {
    private let inbox: Inbox
    private let multi: UnsafeMutableRawPointer
    private let sockets = SocketWatch()
    private var timer: Instant?
    private var nextTick: Instant = .now
    private var isStopping = false
    private var active: [ObjectIdentifier: EasyHandle] = [:]
    private var lanes: [ObjectIdentifier: Lane] = [:]

    /// How often deadlines are looked at: their precision.
    private static let tick: Duration = .milliseconds(20)
    /// Connections kept open, all endpoints together; libcurl counts those in use, too.
    private static let connectionLimit = 2048

    init(inbox: Inbox) {
        self.inbox = inbox
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl could not start: out of memory") }
        self.multi = multi
        qc_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionLimit)
        let me = Unmanaged.passUnretained(self).toOpaque()
        qc_multi_set_socket(multi, socketChanged, me)
        qc_multi_set_timer(multi, timerChanged, me)
        sockets.watch(inbox.descriptor)
    }

    deinit {
        for easy in active.values { curl_multi_remove_handle(multi, easy.raw) }
        curl_multi_cleanup(multi)
    }

    /// Runs until it is told to stop; what is still under way then fails.
    func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 128)
        while !isStopping {
            let count = epoll_wait(sockets.epoll, &events, Int32(events.count), millisecondsToWait())
            var hasCommands = false
            for event in events.prefix(max(0, Int(count))) {
                if event.data.fd == inbox.descriptor {
                    hasCommands = true
                } else if sockets.isWanted(event.data.fd) {
                    act(on: event.data.fd, event.events)
                }
            }
            if hasCommands {
                // Whoever is cancelled now may have ended just before, and left a connection that others can use.
                collectFinished()
                for command in inbox.drain() { perform(command) }
            }
            if let timer, timer <= .now {
                self.timer = nil
                act(on: CURL_SOCKET_TIMEOUT, 0)
            }
            collectFinished()
            if hasDeadlines { expireWaits() }
        }
        let unstarted = inbox.close().compactMap { command -> Transfer? in
            if case .start(let transfer) = command { transfer } else { nil }
        }
        let left = active.values.compactMap(\.transfer) + lanes.values.flatMap { $0.removeAll() } + unstarted
        for transfer in left { transfer.fail(.stopping) }
    }

    private var hasDeadlines: Bool { !active.isEmpty || lanes.values.contains(where: \.hasWaiting) }

    private func millisecondsToWait() -> Int32 {
        var wait: Duration?
        if let timer { wait = Instant.now.duration(to: timer) }
        if hasDeadlines { wait = min(wait ?? Self.tick, Self.tick) }
        guard let wait else { return -1 }
        // Rounded up: waking a moment early would only wait again.
        return Int32(max(0, (wait.seconds * 1000).rounded(.up)))
    }

    private func act(on socket: curl_socket_t, _ events: UInt32) {
        var mask: Int32 = 0
        if events & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_IN | CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, mask, &running)
    }

    // MARK: Calls

    private func perform(_ command: Command) {
        switch command {
        case .start(let transfer): enqueue(transfer)
        case .resume(let transfer):
            if let easy = active[ObjectIdentifier(transfer)] { curl_easy_pause(easy.raw, CURLPAUSE_CONT) }
        case .cancel(let transfer): remove(transfer)
        case .retire(let endpoint): retire(endpoint)
        case .stop: isStopping = true
        }
    }

    private func lane(of endpoint: Endpoint) -> Lane {
        let id = ObjectIdentifier(endpoint)
        if let lane = lanes[id] { return lane }
        let lane = Lane(endpoint: endpoint, sockets: sockets)
        lanes[id] = lane
        return lane
    }

    /// Lets go of an endpoint's handles, now or when its last call has ended.
    private func retire(_ endpoint: Endpoint) {
        guard let lane = lanes[ObjectIdentifier(endpoint)] else { return }
        lane.isRetired = true
        dropIfDone(lane)
    }

    private func dropIfDone(_ lane: Lane) {
        if lane.isRetired, lane.isIdle { lanes[ObjectIdentifier(lane.endpoint)] = nil }
    }

    private func enqueue(_ transfer: Transfer) {
        let lane = lane(of: transfer.endpoint)
        if lane.hasPlace {
            start(transfer, on: lane)
        } else if !lane.enqueue(transfer) {
            transfer.fail(UpstreamFailure(.poolExhausted, "too many calls wait for this provider"))
        }
    }

    private func start(_ transfer: Transfer, on lane: Lane) {
        guard let easy = lane.takeHandle() else {
            transfer.fail(UpstreamFailure(.poolExhausted, "out of memory"))
            return
        }
        easy.load(transfer)
        active[ObjectIdentifier(transfer)] = easy
        curl_multi_add_handle(multi, easy.raw)
    }

    /// Takes a transfer out, whether it runs or waits, and gives its place to the next one.
    private func remove(_ transfer: Transfer, isFinished: Bool = false) {
        let lane = lane(of: transfer.endpoint)
        guard let easy = active.removeValue(forKey: ObjectIdentifier(transfer)) else {
            lane.leave(transfer)
            dropIfDone(lane)
            return
        }
        if !isFinished { easy.abandon() }
        curl_multi_remove_handle(multi, easy.raw)
        lane.giveBack(easy)
        if let next = lane.nextInLine() { start(next, on: lane) }
        dropIfDone(lane)
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let raw = message.easy_handle,
                let easy = EasyHandle.from(qc_get_private(raw)), let transfer = easy.transfer
            else { continue }
            let code = message.data.result
            let head = easy.currentHead
            if code == CURLE_OK { sockets.keep(easy.socket, for: transfer.endpoint) }
            // First out of the loop, then told: whoever reads the end finds the place free.
            remove(transfer, isFinished: true)
            transfer.end(result(of: transfer, code, head), head: head)
        }
    }

    private func result(of transfer: Transfer, _ code: CURLcode, _ head: Mailbox.Head) -> Result<Void, UpstreamFailure> {
        guard code == CURLE_OK else { return .failure(UpstreamFailure(code, hasBody: transfer.hasBody)) }
        // libcurl takes a connection that ends in the middle of the head for the end of an empty answer.
        return head.isComplete ? .success(()) : .failure(UpstreamFailure(.reset, "the answer's head is incomplete"))
    }

    private func expireWaits() {
        let now = Instant.now
        guard now >= nextTick else { return }
        nextTick = now.advanced(by: Self.tick)
        for transfer in active.values.compactMap(\.transfer) where transfer.expire(now: now) { remove(transfer) }
        for lane in lanes.values {
            for transfer in lane.removeLate(now: now) {
                transfer.fail(
                    UpstreamFailure(.poolExhausted, "all \(lane.endpoint.limit) connections to it stayed busy"))
            }
        }
    }

    // MARK: libcurl's wishes

    fileprivate func follow(_ socket: curl_socket_t, _ what: Int32) {
        var events: UInt32 = 0
        // CURL_POLL_REMOVE is a number of its own, not a set of bits.
        if what != CURL_POLL_REMOVE {
            if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
            if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        }
        sockets.follow(socket, events)
    }

    fileprivate func setTimer(_ milliseconds: Int) {
        timer = milliseconds < 0 ? nil : .now.advanced(by: .milliseconds(milliseconds))
    }
}

private func socketChanged(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32, _ context: UnsafeMutableRawPointer?,
    _ known: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue().follow(socket, what)
    return 0
}

private func timerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
    return 0
}
