import CCurl
import Core
import Gateway

extension UpstreamFailure {
    /// The engine has stopped, or is about to.
    static let stopping = UpstreamFailure(.reset, "the gateway is stopping")

    /// What libcurl's result means here.
    ///
    /// - Parameters:
    ///   - hasBody: body bytes had arrived before.
    init(_ code: CURLcode, hasBody: Bool) {
        let detail = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED,
            CURLE_PROXY:
            self.init(.connect, detail)
        case CURLE_OPERATION_TIMEDOUT:
            // Only connecting is timed by libcurl; every other wait has its reader's deadline.
            self.init(.connectTimeout, "no connection in time")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            self.init(.tls, detail)
        case CURLE_WRITE_ERROR:
            self.init(.malformed, "the answer is larger than the gateway takes")
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            self.init(hasBody ? .cut : .reset, detail)
        default:
            self.init(.malformed, detail)
        }
    }
}
