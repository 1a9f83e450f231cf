package import Crypto

/// How the remote tier behaves.
package struct RemoteSettings: Sendable {
    /// The same in all processes that share the store; hides tags and what replicas tell one another.
    package var secret: SymmetricKey
    /// How long a lookup waits for the store before it is a miss.
    package var patience: Duration
    /// Longest encoded answer, read or written.
    package var answerBytes: Int
    /// Most answers that wait to be written, and the bytes that they take.
    package var queuedAnswers: Int
    package var queuedBytes: Int

    package init(
        secret: SymmetricKey, patience: Duration = .milliseconds(100), answerBytes: Int = 4 << 20,
        queuedAnswers: Int = 1024, queuedBytes: Int = 32 << 20
    ) {
        self.secret = secret
        self.patience = patience
        self.answerBytes = answerBytes
        self.queuedAnswers = queuedAnswers
        self.queuedBytes = queuedBytes
    }
}
