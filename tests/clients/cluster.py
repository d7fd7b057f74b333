"""How the clients reach a cluster: `HOST:PORT`, or `USER@HOST:PORT` where the password is the user's name and `-secret`."""


def settings(address):
    user, _, bootstrap = address.rpartition("@")
    if not user:
        return {"bootstrap.servers": bootstrap}
    return {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": user + "-secret",
    }
