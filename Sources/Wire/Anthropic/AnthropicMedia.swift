import Core
import NIOCore

extension AnthropicBlock {
    /// An `image_url` part: an image that Anthropic fetches, or one that came along.
    static func image(_ part: JSONValue, _ path: MessagePath) throws(GatewayError) -> AnthropicBlock {
        guard let url = part["image_url"]?["url"]?.string ?? part["image_url"]?.string else {
            throw .missing(path.field("image_url.url"), "'\(path.field())' has no 'image_url' with a 'url'.")
        }
        let source = try MediaSource(url, path.field("image_url.url"))
        return source.block(title: nil, cache: part["cache_control"])
    }

    /// A `file` part with its bytes in it. A file that lies at OpenAI cannot be read from there.
    static func file(_ part: JSONValue, _ path: MessagePath) throws(GatewayError) -> AnthropicBlock {
        guard let data = part["file"]?["file_data"]?.string else {
            throw .invalid(
                path.field("file"),
                "'\(path.field("file"))' must hold its bytes in 'file_data': this model's provider cannot fetch them.")
        }
        let source = try MediaSource(data, path.field("file.file_data"))
        return source.block(title: part["file"]?["filename"], cache: part["cache_control"])
    }
}

/// Where an image or a document comes from.
private enum MediaSource {
    case url(String)
    case base64(mediaType: String, data: String)

    /// - Parameter field: its name in the request.
    init(_ url: String, _ field: String) throws(GatewayError) {
        let scheme = url.utf8.prefix(8).map { $0 | 0x20 }
        if scheme.starts(with: "https://".utf8) || scheme.starts(with: "http://".utf8) {
            self = .url(url)
        } else if scheme.starts(with: "data:".utf8) {
            self = try Self.data(url, field)
        } else {
            throw .invalid(field, "'\(field)' must be an http(s) or a data URL.")
        }
    }

    /// `data:image/png;base64,…`
    private static func data(_ url: String, _ field: String) throws(GatewayError) -> MediaSource {
        let bytes = url.utf8
        guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")) else {
            throw .invalid(field, "'\(field)' is a data URL without data.")
        }
        let words = url[bytes.index(bytes.startIndex, offsetBy: 5)..<comma].lowercased().split(separator: ";")
        guard let type = words.first, type.contains("/"), words.last == "base64" else {
            throw .invalid(field, "'\(field)' must be a data URL with a media type and base64: 'data:image/png;base64,…'.")
        }
        guard type.hasPrefix("image/") || type == "application/pdf" else {
            throw .invalid(field, "'\(field)' is of type '\(type.prefix(60))'; this model's provider reads images and PDF.")
        }
        let data = String(url[bytes.index(after: comma)...])
        return .base64(mediaType: type == "image/jpg" ? "image/jpeg" : String(type), data: data)
    }

    func block(title: JSONValue?, cache: JSONValue?) -> AnthropicBlock {
        AnthropicBlock(.other) {
            $0.member("type", isDocument ? "document" : "image")
            $0.key("source")
            $0.object { write(into: &$0) }
            if isDocument { $0.member("title", title) }
            $0.member("cache_control", cache)
        }
    }

    private var isDocument: Bool {
        if case .base64("application/pdf", _) = self { true } else { false }
    }

    private func write(into writer: inout JSONWriter) {
        switch self {
        case .url(let url):
            writer.member("type", "url")
            writer.member("url", url)
        case .base64(let mediaType, let data):
            writer.member("type", "base64")
            writer.member("media_type", mediaType)
            writer.member("data", data)
        }
    }
}
