/// What one call cost, and how that is known.
package struct Charge: Sendable, Equatable {
    /// What the amount rests on.
    package enum Basis: String, Sendable {
        /// The provider counted the tokens; the price list makes the amount of them.
        case reported
        /// The provider named the amount.
        case charged
        /// The provider did not count, or not to the end: the tokens are estimated from what was sent and delivered.
        case estimated
        /// The call ended before a provider charges for anything.
        case nothing
    }

    package let basis: Basis
    /// nil where nothing was used.
    package let usage: Usage?
    package let price: Price?
    /// nil where the model's price is unknown, and its provider did not name the amount.
    package let amount: Money?

    private init(_ basis: Basis, usage: Usage? = nil, price: Price? = nil, amount: Money?) {
        self.basis = basis
        self.usage = usage
        self.price = price
        self.amount = amount
    }

    /// For tokens that the provider counted to the end of the call. An amount that it names counts before any price list.
    package init(reported usage: Usage, at price: Price?) {
        if let amount = usage.charged {
            self.init(.charged, usage: usage, price: nil, amount: amount)
        } else {
            self.init(.reported, usage: usage, price: price, amount: price?.cost(of: usage))
        }
    }

    /// For tokens that were estimated.
    package init(estimated usage: Usage, at price: Price?) {
        self.init(.estimated, usage: usage, price: price, amount: price?.cost(of: usage))
    }

    /// For a call that used nothing.
    package static let nothing = Charge(.nothing, amount: .zero)

    /// One class of a call's tokens.
    package struct Item: Sendable, Equatable {
        package let tokenClass: TokenClass
        package let tokens: Int
        /// Of one token; nil where it is unknown, or the provider named the amount of the whole.
        package let price: Money?

        package var amount: Money? { price.map { $0 * tokens } }
    }

    /// The classes that were used. Where all have a price, their amounts sum to ``amount``.
    package var items: [Item] {
        guard let usage else { return [] }
        let rates = price?.rates(forPrompt: usage.promptTokens)
        return TokenClass.allCases.compactMap { tokenClass in
            let tokens = usage[tokenClass]
            return tokens > 0 ? Item(tokenClass: tokenClass, tokens: tokens, price: rates?[tokenClass]) : nil
        }
    }
}
