import CCurl
import Core
import Gateway
import Glibc
import Synchronization

/// The event loop around one libcurl multi handle: epoll for its sockets and the inbox, one timer for libcurl's
/// waits, a tick for the readers' deadlines. It lives on the engine's thread and nothing of it leaves that thread.
final class EngineLoop {
    private let inbox: Inbox
    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private var timer: Instant?
    private var isStopping = false
    private var active: [ObjectIdentifier: EasyHandle] = [:]
    private var lanes: [ObjectIdentifier: Lane] = [:]
    private var nextTick: Instant = .now

    /// The calls of one endpoint that wait for a place, and handles that wait for a call.
    private struct Lane {
        var waiting: [Transfer] = []
        var spare: [EasyHandle] = []
    }

    /// How often deadlines are looked at: their precision.
    private static let tick: Duration = .milliseconds(20)
    /// Most calls that wait for one endpoint; more are refused at once.
    private static let waitingLimit = 10_000
    /// Connections kept open, all endpoints together; libcurl counts those in use, too.
    private static let connectionLimit = 2048

    init(inbox: Inbox) {
        self.inbox = inbox
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl could not start: out of memory") }
        self.multi = multi
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "the system has no file descriptors left for the engine's epoll")
        qc_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionLimit)
        let me = Unmanaged.passUnretained(self).toOpaque()
        qc_multi_set_socket(multi, socketChanged, me)
        qc_multi_set_timer(multi, timerChanged, me)
        watch(inbox.descriptor, EPOLLIN.rawValue, EPOLL_CTL_ADD)
    }

    deinit {
        for easy in active.values { curl_multi_remove_handle(multi, easy.raw) }
        curl_multi_cleanup(multi)
        close(epoll)
    }

    /// Runs until it is told to stop.
    func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 128)
        while !isStopping {
            let count = epoll_wait(epoll, &events, Int32(events.count), millisecondsToWait())
            var hasCommands = false
            for event in events.prefix(max(0, Int(count))) {
                if event.data.fd == inbox.descriptor {
                    hasCommands = true
                } else {
                    act(on: event.data.fd, event.events)
                }
            }
            if hasCommands { for command in inbox.drain() { perform(command) } }
            if let timer, timer <= .now {
                self.timer = nil
                act(on: CURL_SOCKET_TIMEOUT, 0)
            }
            collectFinished()
            if !active.isEmpty || lanes.values.contains(where: { !$0.waiting.isEmpty }) { expireWaits() }
        }
        for easy in active.values { easy.transfer?.fail(UpstreamFailure(.reset, "the gateway is stopping")) }
        for lane in lanes.values {
            for transfer in lane.waiting { transfer.fail(UpstreamFailure(.reset, "the gateway is stopping")) }
        }
    }

    private func millisecondsToWait() -> Int32 {
        var wait: Duration?
        if let timer { wait = Instant.now.duration(to: timer) }
        if !active.isEmpty || lanes.values.contains(where: { !$0.waiting.isEmpty }) {
            wait = min(wait ?? Self.tick, Self.tick)
        }
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
        case .stop: isStopping = true
        }
    }

    private func enqueue(_ transfer: Transfer) {
        let endpoint = transfer.endpoint
        let lane = ObjectIdentifier(endpoint)
        if endpoint.inUse.load(ordering: .relaxed) < endpoint.limit {
            start(transfer)
        } else if lanes[lane, default: Lane()].waiting.count < Self.waitingLimit {
            lanes[lane, default: Lane()].waiting.append(transfer)
            endpoint.waiting.add(1, ordering: .relaxed)
        } else {
            transfer.fail(UpstreamFailure(.poolExhausted, "too many calls wait for this provider"))
        }
    }

    private func start(_ transfer: Transfer) {
        let endpoint = transfer.endpoint
        let spare = lanes[ObjectIdentifier(endpoint), default: Lane()].spare.popLast()
        guard let easy = spare ?? EasyHandle(for: endpoint) else {
            transfer.fail(UpstreamFailure(.poolExhausted, "out of memory"))
            return
        }
        easy.load(transfer)
        active[ObjectIdentifier(transfer)] = easy
        endpoint.inUse.add(1, ordering: .relaxed)
        curl_multi_add_handle(multi, easy.raw)
    }

    /// Takes a transfer out, whether it runs or waits, and gives its place to the next one.
    private func remove(_ transfer: Transfer) {
        let endpoint = transfer.endpoint
        let lane = ObjectIdentifier(endpoint)
        guard let easy = active.removeValue(forKey: ObjectIdentifier(transfer)) else {
            if let place = lanes[lane]?.waiting.firstIndex(where: { $0 === transfer }) {
                lanes[lane]?.waiting.remove(at: place)
                endpoint.waiting.subtract(1, ordering: .relaxed)
            }
            return
        }
        curl_multi_remove_handle(multi, easy.raw)
        easy.unload()
        endpoint.inUse.subtract(1, ordering: .relaxed)
        lanes[lane, default: Lane()].spare.append(easy)
        if let waiting = lanes[lane]?.waiting, let next = waiting.first {
            lanes[lane]?.waiting.removeFirst()
            endpoint.waiting.subtract(1, ordering: .relaxed)
            start(next)
        }
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let raw = message.easy_handle,
                let easy = EasyHandle.from(qc_get_private(raw)), let transfer = easy.transfer
            else { continue }
            let code = message.data.result
            let head = easy.currentHead
            let hasBody = transfer.hasBody
            // First out of the loop, then told: whoever reads the end finds the place free.
            remove(transfer)
            transfer.end(code == CURLE_OK ? .success(()) : .failure(UpstreamFailure(code, hasBody: hasBody)), head: head)
        }
    }

    private func expireWaits() {
        let now = Instant.now
        guard now >= nextTick else { return }
        nextTick = now.advanced(by: Self.tick)
        for easy in Array(active.values) {
            if let transfer = easy.transfer, transfer.expire(now: now) { remove(transfer) }
        }
        for lane in lanes.values {
            for transfer in lane.waiting where transfer.call.acquireBy <= now {
                remove(transfer)
                transfer.fail(
                    UpstreamFailure(.poolExhausted, "all \(transfer.endpoint.limit) connections to it stayed busy"))
            }
        }
    }

    // MARK: libcurl's wishes

    fileprivate func watch(_ socket: Int32, _ events: UInt32, _ operation: Int32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = socket
        epoll_ctl(epoll, operation, socket, &event)
    }

    fileprivate func follow(_ socket: curl_socket_t, _ what: Int32, isKnown: Bool) {
        if what == CURL_POLL_REMOVE {
            watch(socket, 0, EPOLL_CTL_DEL)
            return
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        watch(socket, events, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD)
        // Any pointer but nil marks the socket as watched.
        if !isKnown { curl_multi_assign(multi, socket, multi) }
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
    Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue()
        .follow(socket, what, isKnown: known != nil)
    return 0
}

private func timerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
    return 0
}
