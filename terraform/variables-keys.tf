variable "kms_keys" {
  description = <<-TEXT
    Keys of Cloud KMS for what is stored, in place of Google's own, each as projects/P/locations/L/keyRings/R/cryptoKeys/K. Null: Google's. Give them
    before the first apply: a database and a secret take a key at their creation alone, and a later change would replace them. An unknown field ends the plan.

    - `database`: key of the Firestore database, in the database's location (for nam5 us, for eur3 europe).
    - `secrets`: key of the secrets, in the location global.
    - `bucket`: key of the bucket with the functions' code, in the functions' region.
  TEXT
  type        = any # types and defaults: fields/settings.tf
  default     = {}
}
