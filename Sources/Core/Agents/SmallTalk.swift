/// What people write around and besides their questions. The training puts it around questions, so that politeness says
/// nothing for any agent, and takes it alone for a message that is for nobody in particular.
enum SmallTalk {
    static let openings = [
        "Hi!", "Hello everyone,", "Good morning,", "Hey, quick question:", "Hi there, hope you are doing well.",
        "Hello, I would be grateful for some help with the following.", "I have been stuck on this for hours.",
        "Sorry to bother you again, but I need your advice.", "Could you please help me with something?",
        "I am new to all of this, so please bear with me.", "My boss asked me today about this and I don't know what to say.",
        "Let me give you a bit of background first. This came up last week and we talked about it for a long time.",
        "I want you to do the following for me:", "Can you tell me the answer to this:", "Please read this carefully and then answer.",
        "You are a helpful assistant. Answer the question below.", "So here is the thing, I really need to know:",
        "We have a problem at work and nobody here seems to know what to do about it.", "Please, I need this by tomorrow.",
        "I hope that this is the right place to ask.", "It is my first day here and I was given this one to think about:",
        "Thank you for your help yesterday, it worked well. Today there is one more thing.",
    ]

    static let closings = [
        "Thanks!", "Thank you very much in advance.", "Any ideas?", "Please help.", "What do you think?",
        "Any help is much appreciated.", "I would like to understand this better.", "Please explain it step by step.",
        "Keep the answer short, please.", "Let me know if you need anything else from me.", "Have a great day!",
        "I have tried a few things already, but nothing has worked so far.", "How would you do it?", "Cheers, and best regards",
        "Be as detailed as you can and give examples where you can.", "Tell me also what I should look out for next time.",
        "Take your time, there is no hurry.", "Answer in a few sentences and don't make anything up.", "Many thanks, have a nice evening",
    ]

    static let alone = [
        "hi", "hello", "hey", "good morning", "good evening", "thanks", "thank you so much", "ok", "yes", "no", "sure, go on",
        "continue", "please go on", "what?", "why?", "tell me more", "can you help me?", "who are you?", "what can you do?",
        "how are you today?", "tell me a joke", "write a poem about autumn", "write a short story about a dragon",
        "what is the capital of Peru?", "who won the world cup?", "how far away is the moon?", "what is the weather like today?",
        "recommend a good book", "what should I cook for dinner tonight?", "how do I get rid of a cold?",
        "translate this into German", "summarise this text", "summarize the following article", "explain photosynthesis to a child",
        "correct the grammar of this sentence", "write a letter to my landlord", "what happened in 1789?",
        "how many calories are in an apple?", "best places to visit in Portugal", "what is love?", "solve 3x + 5 = 20",
        "what is the square root of 144?", "is it going to rain tomorrow?", "give me a name for my cat", "happy birthday wishes for a friend",
        "hallo", "guten Morgen", "danke schön", "wie geht es dir?", "wie wird das Wetter morgen?", "schreibe ein Gedicht über den Herbst",
        "was ist die Hauptstadt von Frankreich?", "kannst du mir bitte helfen?", "ich habe eine Frage an dich",
        "bonjour", "merci beaucoup", "comment ça va ?", "quelle est la capitale de l'Italie ?", "peux-tu m'aider avec ce texte ?",
        "écris un poème sur la mer", "hola", "buenos días", "muchas gracias", "¿cómo estás?", "¿cuál es la capital de Japón?",
        "¿me puedes ayudar con esto, por favor?", "ciao", "grazie mille", "come stai oggi?", "qual è la capitale della Spagna?",
        "olá", "muito obrigado", "você pode me ajudar?", "hoi", "dank je wel", "hoe gaat het met je?", "cześć", "dziękuję bardzo",
        "привет", "спасибо большое", "как дела?", "merhaba", "teşekkür ederim", "hej", "tack så mycket", "hur mår du?",
    ]
}
