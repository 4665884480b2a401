"""The form that asks a visitor's browser for a key."""

from html import escape

from ..text import Language, Text

PATH = "/sign-in"
WRONG = Text("This key does not open this server.", "密钥不正确。")
TOO_MANY = Text("Too many wrong keys. Wait a minute.", "错误密钥过多。请等待一分钟。")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send "Origin: null" with a form: a foreign page's
    "X-Content-Type-Options": "nosniff",
}

_TITLE = Text("Emotone · sign in", "情声 · 登录")
_ASK = Text("Key", "密钥")
_WHY = Text(
    "Whoever runs this server has the key. This browser stays signed in for seven days.",
    "请向服务器管理者索取密钥。此浏览器将保持登录七天。",
)
_BUTTON = Text("Sign in", "登录")
_STYLE = (
    "body{font:16px/1.5 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-items:center;background:#fafaf9;color:#1c1917}form{width:min(22rem,90vw);display:grid;gap:.75rem}"
    "h1{font-size:1.25rem;margin:0}p{margin:0;color:#57534e;font-size:.9rem}input,button{font:inherit;padding:.6rem .75rem;"
    "border-radius:.5rem;border:1px solid #a8a29e}button{background:#4338ca;color:#fff;border:0;cursor:pointer}"
    "p[role=alert]{color:#b91c1c}@media(prefers-color-scheme:dark){body{background:#1c1917;color:#fafaf9}"
    "p{color:#a8a29e}input{background:#292524;color:inherit}p[role=alert]{color:#fca5a5}}"
)


def form(language: Language, place: str, note: Text | None = None) -> str:
    """The page with the form.

    Args:
        language: To write it in.
        place: The path to go to when the key is right.
        note: Why the last key was refused.
    """
    alert = f'<p role="alert">{escape(note.to(language))}</p>' if note else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_TITLE.to(language)}</title><style>{_STYLE}</style></head><body>"
        f'<form method="post" action="{PATH}"><h1>{_TITLE.to(language)}</h1>{alert}'
        f'<label for="key">{_ASK.to(language)}</label>'
        '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>'
        f'<input type="hidden" name="next" value="{escape(place)}">'
        f"<button>{_BUTTON.to(language)}</button><p>{_WHY.to(language)}</p></form></body></html>"
    )
