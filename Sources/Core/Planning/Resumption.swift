/// How an answer that one model began came to be finished by another attempt.
package struct Resumption: Sendable, Equatable {
    package enum Way: String, Sendable {
        /// The model was given the text so far as the beginning of its own answer.
        case prefill
        /// The model answered anew and repeated the text so far word for word.
        case restart
    }

    /// The name under which callers know the model that went on.
    package let model: String
    package let by: Way

    package init(model: String, by: Way) {
        self.model = model
        self.by = by
    }
}
