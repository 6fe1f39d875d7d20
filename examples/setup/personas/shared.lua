-- What the personas share. Each is made once at Tavus, and is referred to by its id.
return {
  book_taxi = tool "hotel_book_taxi" {
    "Order a taxi to the door of the hotel",
    time  = tavus.string "When it should come, e.g. 18:30",
    seats = tavus.integer { "How many people", optional = true },
  }:registered {
    delivery = { app_message = false,
      api = { url = env "DESK_URL", auth = { type = "hmac", secret = secret "DESK_SECRET" } } },
  },
  look_up_booking = tool "hotel_look_up_booking" {
    "Look up a guest's booking", number = tavus.string "The number of the booking",
  }:registered {},
  privacy = guardrail "hotel_privacy" {
    guardrail_prompt = "Never tell a guest whether somebody else stays at the hotel, or in which room.",
  },
  house_rules = document "hotel_house_rules" {
    document_url = "https://hotel.example.com/rules.pdf", tags = { "hotel" },
  },
}
