/// The part of a text that is read: all of a short one, head and tail of a long one, so that a megabyte costs no more than
/// a page. People say what they want before or after what they paste.
package enum TextSample {
    /// Bytes read from the beginning of a long text.
    package static let headBytes = 6144
    /// Bytes read from its end.
    package static let tailBytes = 2048

    /// Hands the sampled bytes over: once, or twice for a long text. They are valid during the call only.
    ///
    /// - Parameter body: gets the bytes and where in the text's UTF-8 they begin.
    package static func read(_ text: String, _ body: (UnsafeBufferPointer<UInt8>, _ offset: Int) -> Void) {
        var text = text
        text.withUTF8 { bytes in
            guard bytes.count > headBytes + tailBytes else { return body(bytes, 0) }
            body(.init(rebasing: bytes[..<headBytes]), 0)
            let tail = bytes.count - tailBytes
            body(.init(rebasing: bytes[tail...]), tail)
        }
    }
}
