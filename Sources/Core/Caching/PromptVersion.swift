import Crypto

/// Names what an agent adds to a request: another prompt, temperature or limit is another version, and so another cache key.
package struct PromptVersion: Sendable, Hashable {
    /// 16 hexadecimal digits.
    package let text: String

    /// - Parameters:
    ///   - temperature: the agent's default, if it has one.
    ///   - maxTokens: its limit, if it has one.
    package init(prompt: String, temperature: Double?, maxTokens: Int?) {
        var fields = FramedBytes(capacity: prompt.utf8.count + 64)
        fields.append("quintet prompt 1")
        fields.append(prompt)
        // As bits: a number's text depends on who writes it. -0 is 0.
        fields.append(temperature.map { Hexadecimal.text(($0 + 0).bitPattern.bigEndianBytes) } ?? "")
        fields.append(maxTokens.map(String.init) ?? "")
        text = Hexadecimal.text(Array(SHA256.hash(data: fields.bytes).prefix(8)))
    }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
