import CCurl
import Glibc
import Gateway
import NIOCore
import Synchronization

/// A libcurl easy handle, set up once for its endpoint and used for one transfer after the other. It belongs to the
/// engine's thread.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    /// Read once: from a plain string libcurl would parse and print it anew for every call.
    private let url: OpaquePointer
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let sockets: SocketWatch
    private(set) var transfer: Transfer?
    /// Of the answer that is arriving.
    var head = Mailbox.Head(status: 0)
    var headerBytes = 0

    /// Most bytes of an answer's head.
    static let headLimit = 256 << 10
    /// A body copy larger than this is not kept while the handle is idle.
    private static let keptBody = 64 << 10

    init?(for endpoint: Endpoint, sockets: SocketWatch) {
        guard let url = curl_url() else { return nil }
        guard let raw = curl_easy_init() else {
            curl_url_cleanup(url)
            return nil
        }
        self.url = url
        self.raw = raw
        self.sockets = sockets
        headers = endpoint.headers.reduce(nil) { curl_slist_append($0, $1) }
        setUp(for: endpoint)
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_url_cleanup(url)
        curl_slist_free_all(headers)
    }

    /// Where the next calls go. Of a URL that cannot be read nothing is set, and libcurl says so at the call.
    private func aim(at address: String) { curl_url_set(url, CURLUPART_URL, address, 0) }

    private func setUp(for endpoint: Endpoint) {
        aim(at: endpoint.url)
        qc_set_url(raw, url)
        qc_set_string(raw, CURLOPT_PROTOCOLS_STR, "http,https")
        qc_set_string(raw, CURLOPT_USERAGENT, "quintet")
        qc_set_list(raw, CURLOPT_HTTPHEADER, headers)
        // libcurl would look for a proxy in the environment before every call.
        if !endpoint.mayUseProxy { qc_set_string(raw, CURLOPT_PROXY, "") }
        if let authorities = endpoint.authorities { qc_set_string(raw, CURLOPT_CAINFO, authorities) }
        qc_set_long(raw, CURLOPT_POST, 1)
        qc_set_long(raw, CURLOPT_NOSIGNAL, 1)
        qc_set_long(raw, CURLOPT_FOLLOWLOCATION, 0)
        // HTTP/2 where TLS negotiates it; in clear text nobody offers it without prior knowledge.
        qc_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // A burst of calls waits for the first connection's handshake, in case it can carry them all.
        if endpoint.url.hasPrefix("https:") { qc_set_long(raw, CURLOPT_PIPEWAIT, 1) }
        qc_set_long(raw, CURLOPT_BUFFERSIZE, 64 << 10)
        qc_set_long(raw, CURLOPT_TCP_KEEPALIVE, 1)
        qc_set_long(raw, CURLOPT_MAXAGE_CONN, 300)
        qc_set_long(raw, CURLOPT_MAXLIFETIME_CONN, 12 * 3600)
        qc_set_receive(raw, CURLOPT_HEADERFUNCTION, receiveHeader)
        qc_set_receive(raw, CURLOPT_WRITEFUNCTION, receiveBody)
        let me = Unmanaged.passUnretained(self).toOpaque()
        qc_set_pointer(raw, CURLOPT_HEADERDATA, me)
        qc_set_pointer(raw, CURLOPT_WRITEDATA, me)
        qc_set_pointer(raw, CURLOPT_PRIVATE, me)
        // The loop keeps the watch for as long as libcurl keeps connections.
        qc_set_close_socket(raw, closeSocket)
        qc_set_pointer(raw, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(sockets).toOpaque())
    }

    /// Readies it for a call.
    func load(_ transfer: Transfer) {
        self.transfer = transfer
        head = Mailbox.Head(status: 0)
        headerBytes = 0
        qc_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(transfer.call.connectTimeout.seconds * 1000)))
        if transfer.call.kind == .models {
            aim(at: transfer.endpoint.modelsURL)
            qc_set_long(raw, CURLOPT_HTTPGET, 1)
            return
        }
        transfer.call.body.withUnsafeReadableBytes { body in
            qc_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            qc_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: body.baseAddress))
        }
    }

    /// The call is to be broken off. libcurl 7.88 keeps the end of an HTTP/2 stream to itself until its connection is
    /// used again; without reuse the connection is closed at once, unless other streams share it and so use it.
    func abandon() { qc_set_long(raw, CURLOPT_FORBID_REUSE, 1) }

    /// Lets go of the call.
    func unload() {
        qc_set_long(raw, CURLOPT_FORBID_REUSE, 0)
        if let transfer, transfer.call.kind == .models {
            aim(at: transfer.endpoint.url)
            qc_set_long(raw, CURLOPT_POST, 1)
        }
        if let body = transfer?.call.body, body.readableBytes > Self.keptBody {
            qc_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, 0)
            qc_set_string(raw, CURLOPT_COPYPOSTFIELDS, "")
        }
        transfer = nil
    }

    /// The head as far as it is known, with the status.
    var currentHead: Mailbox.Head {
        var head = head
        head.status = qc_get_long(raw, CURLINFO_RESPONSE_CODE)
        return head
    }

    /// The socket of the connection that carried the call that has just ended; negative when it was closed.
    var socket: curl_socket_t { qc_get_socket(raw) }

    static func from(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
        context.map { Unmanaged<EasyHandle>.fromOpaque($0).takeUnretainedValue() }
    }
}

// libcurl's callbacks; all run on the engine's thread, inside its calls into libcurl.

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let easy = EasyHandle.from(context) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    easy.headerBytes += line.count
    guard easy.headerBytes <= EasyHandle.headLimit else { return 0 }
    easy.head.read(line)
    return line.count
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let easy = EasyHandle.from(context), let transfer = easy.transfer else { return 0 }
    let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
    switch transfer.deliver(chunk, head: easy.currentHead) {
    case .taken: return chunk.count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    case .tooLarge: return 0
    }
}

private func closeSocket(_ context: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t) -> Int32 {
    if let context { Unmanaged<SocketWatch>.fromOpaque(context).takeUnretainedValue().closing(descriptor) }
    return Glibc.close(descriptor)
}
