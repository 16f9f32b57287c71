"""Canaries: names and texts that must be redacted, and their harmless likenesses."""

from __future__ import annotations

import json

CANARY = "Zx9-canary_7Qp"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAcanary\n"
    "-----END RSA PRIVATE KEY-----"
)
SESSION = "IQoJb3JpZ2luX2VjECwaCXVzLWVhc3QtMSJHMEUCIQC3brtCyXce337YfpntHj91j+/="
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
GITHUB = "ghp_0123456789abcdefghijABCDEFGHIJ012345"

_SECRET = """
password Password PASSWORD passwd pwd pass passphrase passcode user_password
userPassword dbpassword DB_PASSWORD masterUserPassword newPassword password2
password_confirmation passwordHash password-hint secret client_secret clientSecret
ClientSecret secretString secretBinary SecretAccessKey aws_secret_access_key secrets
token access_token accessToken ACCESS-TOKEN refresh_token id_token idToken accesstoken
authToken sessionToken x-amz-security-token X-Amz-Security-Token csrfToken tokenValue
api_key apikey apiKey X-API-Key stripe_api_key private_key privateKey PrivateKeyPem
encryptionKey Cookie Set-Cookie set_cookie cookies Proxy-Authorization otp totp
otp_code mfaCode mfa-code verification_code pin PIN cvv cvc CVV2 security_code
recovery_codes backupCodes connection_string ConnectionString jwt keyMaterial
authorization Authorization session credentials credential jsessionid code_verifier
contraseña
"""

_HARMLESS = """
secretId secretName SecretARN secretVersionId tokenType token_type tokenCount keyId
KeyId accessKeyId passwordLastChanged passwordPolicy passwordResetRequired nextToken
pageToken sessionId session_id sessionContext sessionCredentialFromConsole
roleSessionName key keys keySpec s3Key publicKey compass bypass passenger author
authored authenticated AuthenticationMethod mfaType MFAUsed mfaAuthenticated pinned
pineapple opinion cookbook cookieConsent cardType httpTokens clientId tokenizer
secretary userName email monkey
"""

# The last one is "password" in full-width letters.
SECRET_NAMES = [*_SECRET.split(), "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44"]
HARMLESS_NAMES = _HARMLESS.split()

SECRET_TEXTS = [
    f"https://x.example/cb?token={CANARY}&state=1",
    f"https://x.example/cb?a=1&access_token={CANARY}#top",
    f"https://s3.example/b?X-Amz-Signature={CANARY}&X-Amz-Date=1",
    f"https://blob.example/c?sv=1&sig={CANARY}",
    f"https://x.example/cb?code={CANARY}&state=1",
    f"go to https%3A%2F%2Fx.example%3Ftoken%3D{CANARY}%26a%3D1",
    f"postgres://app:{CANARY}@db.example/main",
    f"redis://:{CANARY}@cache:6379/0",
    f"amqp://app:p/{CANARY}@mq.example/v",
    f"host=db user=app password={CANARY} dbname=main",
    f"host=db password='{CANARY} it\\'s' dbname=main",
    f'host=db password="{CANARY} x" dbname=main',
    f"Server=db;User Id=app;Password={CANARY};Encrypt=yes",
    f"AccountName=a;AccountKey={CANARY}==;EndpointSuffix=e",
    f'{{"user": "a", "password": "{CANARY}", "n": 1}}',
    f'{{"user": "a", "api_key" : "{CANARY}"}}',
    f'{{"secrets": {{"a": ["{CANARY}", {{"b": "{CANARY}"}}]}}, "n": 1}}',
    f'{{\\"password\\": \\"{CANARY}\\"}}',
    f"{{'password': '{CANARY}'}}",
    f"password: {CANARY}",
    f"Authorization: Basic {CANARY}",
    f"authorization:{CANARY}",
    f"curl -H 'Cookie: sid={CANARY}; a=b' https://x.example",
    f'curl -H "X-Api-Key: {CANARY}" https://x.example',
    f"login --user ann --password {CANARY} --force",
    f"login --password={CANARY}",
    f"--api-key '{CANARY}'",
    f"export DB_PASSWORD={CANARY}",
    f":password => {CANARY}",
    f"<user>ann</user><password>{CANARY}</password>",
    f'<wsse:Password Type="text">\n  {CANARY}\n</wsse:Password>',
    f"<a><token><![CDATA[{CANARY}]]></token></a>",
    f"<a>1</a><apiKey>{CANARY}",  # cut off
    f"password:\n{CANARY}",
    f"user: ann\r\nPassword:\r\n  {CANARY}\r\nthanks",
    f"Bearer {CANARY}",
    f"sent bearer {CANARY} to it",
    "header was Basic YW5uOlp4OS1jYW5hcnlfN1Fw",
    f"it said {JWT} and left",
    f"key:\n{PEM}\nend",
    PEM[:60],
    f"token is {SESSION}",
    f"{GITHUB} pushed",
    "xoxb-" + "123456789012-abcdefABCDEF",
    "sk_" + "live_abcdefghijklmnop",
    "posted to https://hooks.slack.com/services/T000/B000/canarycanary",
    f"AKIAIOSFODNN7EXAMPLE:{AWS_SECRET}",
    f"key AKIAIOSFODNN7EXAMPLE secret {AWS_SECRET}.",
]
PARTS = (
    CANARY, "YW5uOlp4OS1jYW5hcnlfN1Fw", "dozjgNryP4J3", "MIIEowIBAA", SESSION[20:],
    GITHUB[4:], "abcdefABCDEF", "abcdefghijklmnop", "canarycanary", AWS_SECRET,
)  # fmt: skip

HARMLESS_TEXTS = [
    "arn:aws:secretsmanager:us-east-1:123837392027:secret:stratus-red-team-11-mUyZgK",
    "secret:read", "token:create", "password:reset", "user.password.change",
    "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "41111111-1111-4111-8111-111111111111",
    "12345678-4532-4532-8532-123456789012",
    "2026-02-17T14:23:01.445Z", "1688990107857", "1688990107857000", "123837392027",
    "35-209900-176148-1 is no card", "356938035643809",
    "sha256:4111111111111111aa" + "0" * 46, "v4111111111111111", "0.4111111111111111",
    "Basic authentication failed", "basic plan", "the bearer of bad news",
    "Bearer authentication is required", "Bearer token",
    "tests pass: 12", "max_tokens=512", "?page=2&key=name", "code=ENOENT errno=2",
    "https://example.com:8080/@user", "https://example.com/a:b@c", "mailto:a@b.example",
    "git@github.com:owner/repo.git", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
    "fe80::1", "2001:db8::4111", "signed in", "use <token> here", "<secret></secret>",
    "<tokenType>bearer</tokenType>", "<p>the password</p>", "secrets:\n  name: db",
    "Pins:\nthe wall and the door", "a=b&c=d", "Note: all fine", "--",
    "Multi-word-slug-sk-that-goes-on-and-on", "pinned: yes", "author: Ann",
    "TLS_AES_128_GCM_SHA256", "4111 1111", "4111111111111112",
    "The security token included in the request is invalid",
    "-----BEGIN CERTIFICATE-----\nMIIE3zCCAsegAwIBAgIJAOZL\n-----END CERTIFICATE-----",
]  # fmt: skip
CARDS = [
    "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222",
    "378282246310005", "30569309025904", "6011111111111117", "3530111333300000",
    "6759649826438453", "6212345678901232", "4000000000000000006",
]  # fmt: skip


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
