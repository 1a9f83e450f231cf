/// The words that signals are found by, as one table from a word's hash to the kinds it is of.
///
/// Words are looked up by their hash alone: with a thousand words among 2^64 hashes a wrong hit is not to be expected, and no
/// string is made.
struct SignalWords: Sendable {
    /// The kinds of a word.
    struct Kinds: OptionSet, Sendable {
        let rawValue: UInt16
        static let reasoning = Kinds(rawValue: 1)
        static let negation = Kinds(rawValue: 2)
        static let comparison = Kinds(rawValue: 4)
        static let quantity = Kinds(rawValue: 8)
        static let units = Kinds(rawValue: 16)
        static let mathematics = Kinds(rawValue: 32)
        static let people = Kinds(rawValue: 64)
        static let time = Kinds(rawValue: 128)
        static let programming = Kinds(rawValue: 256)
        static let demand = Kinds(rawValue: 512)
        static let profession = Kinds(rawValue: 1024)
        static let lookup = Kinds(rawValue: 2048)
        /// Small words that show in which language a text is.
        static let function = Kinds(rawValue: 4096)

        /// The kinds that are counted, by their bit.
        static let counted: [PromptSignal] = [
            .reasoning, .negation, .comparison, .quantity, .units, .mathematics, .people, .time, .programming, .demand, .profession,
        ]
    }

    static let known = SignalWords()

    private let hashes: [UInt64]
    private let kinds: [Kinds]
    private let mask: Int

    private init() {
        var merged: [UInt64: Kinds] = [:]
        for (kind, words) in Self.lists {
            for word in words.split(whereSeparator: \.isWhitespace) {
                merged[Self.hash(of: word.utf8), default: []].insert(kind)
            }
        }
        let size = 4096
        precondition(merged.count * 2 < size)
        var hashes = [UInt64](repeating: 0, count: size)
        var kinds = [Kinds](repeating: [], count: size)
        for (hash, kind) in merged.sorted(by: { $0.key < $1.key }) {
            var place = Int(truncatingIfNeeded: hash) & (size - 1)
            while hashes[place] != 0 { place = (place + 1) & (size - 1) }
            hashes[place] = hash
            kinds[place] = kind
        }
        self.hashes = hashes
        self.kinds = kinds
        mask = size - 1
    }

    /// What the word with that hash is; nothing for most.
    @inline(__always)
    func kinds(of hash: UInt64) -> Kinds {
        var place = Int(truncatingIfNeeded: hash) & mask
        while hashes[place] != 0 {
            if hashes[place] == hash { return kinds[place] }
            place = (place + 1) & mask
        }
        return []
    }

    // MARK: Hashing, byte by byte (FNV-1a, mixed at the end because tables take the low bits)

    static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    static func add(_ byte: UInt8, to hash: inout UInt64) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    @inline(__always)
    static func finish(_ hash: UInt64) -> UInt64 { (hash ^ hash >> 32) | 1 }

    static func hash(of word: some Sequence<UInt8>) -> UInt64 {
        var hash = seed
        for byte in word { add(byte, to: &hash) }
        return finish(hash)
    }
}

extension SignalWords {
    /// In lower case; ordered by kind, so that each list can be read and added to.
    fileprivate static let lists: [(Kinds, String)] = [
        (
            .reasoning,
            """
            if then because therefore thus hence since suppose assume assuming given let implies unless otherwise whether would
            could should must provided case wenn falls weil daher deshalb somit angenommen sofern si alors car donc puisque
            supposons sauf sinon entonces porque luego supongamos dado debe
            """
        ),
        (
            .negation,
            """
            not no never none neither nor except without cannot isn't aren't doesn't don't won't can't didn't wasn't false
            incorrect untrue wrong nicht kein keine keinen nie niemals ohne weder falsch ne pas jamais aucun aucune sans ni
            nunca ningún ninguna sin tampoco
            """
        ),
        (
            .comparison,
            """
            more less greater fewer larger smaller higher lower most least best worst better than same different difference
            compared compare relative between versus mehr weniger größer kleiner höher besser schlechter als gleich unterschied
            zwischen plus moins meilleur pire entre différence más menos mayor menor mejor peor diferencia
            """
        ),
        (
            .quantity,
            """
            all every each some any both either only exactly always at per total whole half twice alle jeder jede jedes einige
            beide nur genau immer pro gesamt hälfte doppelt tous toutes chaque quelques seulement toujours moitié double todos
            todas cada algunos ambos solo siempre mitad doble
            """
        ),
        (
            .units,
            """
            kg km cm mm meters meter metres metre feet foot inches inch miles mile hours hour minutes minute seconds days weeks
            months years dollars dollar cents cent euros pounds pound ounces grams gram liters litres gallon gallons degrees
            volts watts ohm joules newton newtons moles atm mph percent stunden minuten sekunden tage wochen monate jahre euro
            prozent grad heures jours semaines mois ans degrés horas minutos segundos días semanas meses años grados
            """
        ),
        (
            .mathematics,
            """
            sum product integer integers prime divisible equation equations polynomial matrix vector probability triangle circle
            radius angle square root function derivative integral limit sequence series ratio percentage average mean median
            variance fraction factor factors multiple remainder coordinate graph slope area volume perimeter digits theorem proof
            permutations logarithm exponent interest rate number numbers value summe produkt gleichung wahrscheinlichkeit dreieck
            kreis winkel wurzel funktion ableitung zahl zahlen wert beweis satz somme produit équation probabilité cercle racine
            fonction dérivée nombre nombres valeur preuve théorème suma producto ecuación probabilidad raíz función derivada número
            """
        ),
        (
            .people,
            """
            he she his her him they them their i my we our er sie ihr ihre sein seine ich mein wir unser il elle ils elles leur
            leurs je mon ma nous notre él ella ellos su sus yo mi nosotros nuestro
            """
        ),
        (
            .time,
            """
            will after before later until remaining left still next now when while during first last finally again nach vor später
            bis noch nächste jetzt während zuerst zuletzt wieder après avant puis jusqu'à encore maintenant pendant premier dernier
            después antes hasta todavía ahora mientras primero último
            """
        ),
        (
            .programming,
            """
            def return function list string array python java javascript swift rust sql class int output program code print
            algorithm data stack queue binary tree tuple dictionary api database query bug error compile thread kubernetes docker
            regex async concurrency cache server distributed funktion liste programm datenbank fehler fonction programme erreur
            función programa algoritmo algorithmus algorithme
            """
        ),
        (
            .demand,
            """
            prove explain why how derive design implement analyse analyze evaluate discuss justify optimise optimize refactor debug
            architecture strategy calculate compute determine solve write create generate develop plan compare estimate find
            tradeoff tradeoffs migrate migration scalability security consistency beweise erkläre warum wieso entwirf entwerfe
            implementiere analysiere bewerte begründe berechne bestimme löse schreibe erstelle entwickle plane vergleiche schätze
            prouve explique pourquoi comment conçois concevoir analyse évalue justifie calcule détermine résous écris crée
            développe planifie compare explica demuestra cómo diseña implementa analiza evalúa justifica calcula determina resuelve
            escribe crea desarrolla planifica compara
            """
        ),
        (
            .profession,
            """
            plaintiff defendant court contract statute law legal liable negligence constitutional jurisdiction evidence trial crime
            criminal judge jury patient symptoms diagnosis treatment kläger beklagte gericht vertrag gesetz haftung patient diagnose
            behandlung tribunal contrat loi juge diagnostic traitement contrato ley juez diagnóstico tratamiento
            """
        ),
        (
            .lookup,
            """
            what who whom whose where when which name was wer wen wo wann welche welcher welches qui que où quand quel quelle qué
            quién dónde cuándo cuál
            """
        ),
        (
            .function,
            """
            the a an of in to and is are was were for on with by at from as that this it be or you your me my do does did what who
            which how why can i have has had there will der die das und ist sind ein eine einen von zu mit für auf im den dem nicht
            ich du wie was le la les un une des du de et est sont dans pour sur avec que qui je vous tu el los las uno y es son en
            para con por del una il lo gli di e che per non o os as um uma em com não
            """
        ),
    ]
}
