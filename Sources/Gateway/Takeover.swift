import Core
import Wire

/// What an attempt sends, and how its stream is joined to what the caller has already.
struct Takeover {
    let request: ChatRequest
    /// nil for an answer from its beginning.
    var continuation: Continuation?

    /// By prefill where the model takes one and the conversation allows it, else by a restart.
    init(_ aim: AttemptRun.Aim, of request: ChatRequest, by model: Model, at provider: Provider) {
        guard case .continuation(let delivered, let text) = aim else {
            self.request = request
            return
        }
        if model.acceptsPrefill, let prefilled = request.prefilled(with: text, provider.prefill) {
            self.request = prefilled
            continuation = .prefill(of: delivered, text: text, model: model.name, isEchoed: provider.prefill.isEchoed)
        } else {
            self.request = request
            continuation = .restart(of: delivered, text: text, model: model.name)
        }
    }
}
