"""What the page of a person's account says, in Vietnamese and English.

Clauses are told in the notice's own words; purposes, fields, collections and roles of the reference notice have names here, and
those of another notice go by the names it gives them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """What the page can be read in."""

    VI = "vi"
    EN = "en"


_VI: Final = {
    "title": "Dữ liệu của bạn",
    "lead": "Trang này cho biết chúng tôi đang giữ thông tin nào về bạn, vì sao, đến khi nào, và ai đã xem hoặc nhận.",
    "made": "Lập lúc",
    "since": "Chúng tôi biết bạn từ",
    "notice": "theo",
    "version": "phiên bản",
    "hold": "Chúng tôi giữ những gì",
    "why": "Vì sao chúng tôi giữ",
    "until": "Giữ đến khi nào",
    "consents": "Bạn đã đồng ý những gì",
    "looked": "Ai đã xem",
    "received": "Ai ở ngoài cửa hàng đã nhận",
    "rights": "Quyền của bạn",
    "field": "Thông tin",
    "value": "Nội dung",
    "purpose": "Mục đích",
    "basis": "Cơ sở",
    "ref": "Mã tham chiếu",
    "from": "Từ",
    "state": "Tình trạng",
    "when": "Lúc",
    "who": "Ai",
    "what": "Đã xem gì",
    "given": "Đã nhận gì",
    "right": "Bạn có thể",
    "within": "Thời hạn trả lời",
    "open": "đang dùng",
    "closed": "đã kết thúc",
    "withdrawn": "đã rút lại",
    "objected": "đã phản đối",
    "stands": "còn hiệu lực",
    "agreed": "đồng ý lúc",
    "in_use": "cho đến khi mục đích kết thúc",
    "unkept": "không còn mục đích nào giữ; sẽ được xóa",
    "verifier": "chỉ lưu dạng kiểm tra, không ai đọc được",
    "withheld": "không hiển thị ở đây",
    "restricted": "Việc xử lý dữ liệu của bạn đang bị hạn chế từ",
    "nothing_held": "Chúng tôi không giữ thông tin nào về bạn.",
    "nobody": "Chưa có ai.",
    "no_consent": "Bạn chưa đồng ý mục đích nào cần sự đồng ý.",
    "more": "Còn thông tin khác chưa có trong trang này; hãy hỏi chúng tôi phần tiếp theo.",
    "how": "Gửi yêu cầu cho cửa hàng hoặc từ trang của bạn. Chúng tôi trả lời trước, rồi thực hiện trong thời hạn sau.",
    "days": "ngày",
    "months": "tháng",
    "years": "năm",
    "weeks": "tuần",
    "hours": "giờ",
    "minutes": "phút",
    "seconds": "giây",
}
_EN: Final = {
    "title": "Your data",
    "lead": "This page says which information we hold about you, why, until when, and who has seen or received it.",
    "made": "Made",
    "since": "We have known you since",
    "notice": "under",
    "version": "version",
    "hold": "What we hold",
    "why": "Why we hold it",
    "until": "Until when",
    "consents": "What you agreed to",
    "looked": "Who looked",
    "received": "Who outside the shop received something",
    "rights": "Your rights",
    "field": "Information",
    "value": "Content",
    "purpose": "Purpose",
    "basis": "Basis",
    "ref": "Reference",
    "from": "Since",
    "state": "State",
    "when": "When",
    "who": "Who",
    "what": "What they saw",
    "given": "What they received",
    "right": "You can",
    "within": "Answered within",
    "open": "in use",
    "closed": "ended",
    "withdrawn": "withdrawn",
    "objected": "objected",
    "stands": "stands",
    "agreed": "agreed",
    "in_use": "until the purpose has ended",
    "unkept": "no purpose keeps it any more; it will be erased",
    "verifier": "kept as a verifier, which nobody can read",
    "withheld": "not shown here",
    "restricted": "The processing of your data is restricted since",
    "nothing_held": "We hold no information about you.",
    "nobody": "Nobody so far.",
    "no_consent": "You agreed to nothing that needs your consent.",
    "more": "There is more that this page does not show; ask us for the next part.",
    "how": "Ask the shop, or from your own page. We answer first, and carry it out within the time below.",
    "days": "days",
    "months": "months",
    "years": "years",
    "weeks": "weeks",
    "hours": "hours",
    "minutes": "minutes",
    "seconds": "seconds",
}
TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {Language.VI: _VI, Language.EN: _EN}

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    # collections
    "buyer": ("Người mua", "Buyer"),
    "delivery": ("Giao hàng", "Delivery"),
    "account": ("Tài khoản", "Account"),
    # fields
    "full_name": ("Họ và tên", "Full name"),
    "email": ("Email", "E-mail"),
    "phone": ("Điện thoại", "Telephone"),
    "address": ("Địa chỉ", "Address"),
    "birth_date": ("Ngày sinh", "Date of birth"),
    "gender": ("Giới tính", "Gender"),
    "national_id": ("Số định danh cá nhân", "Identity number"),
    "recipient": ("Người nhận", "Recipient"),
    "note": ("Ghi chú", "Note"),
    "username": ("Tên đăng nhập", "User name"),
    "password": ("Mật khẩu", "Password"),
    # purposes
    "order": ("đơn hàng", "order"),
    "payment": ("thanh toán", "payment"),
    "order-notice": ("thông báo đơn hàng", "order messages"),
    "customer-care": ("chăm sóc khách hàng", "customer care"),
    "market-research": ("nghiên cứu thị trường", "market research"),
    "marketing-email": ("quảng cáo qua email", "advertising by e-mail"),
    "marketing-sms": ("quảng cáo qua SMS", "advertising by SMS"),
    "marketing-letter": ("quảng cáo qua thư", "advertising by letter"),
    "marketing-call": ("quảng cáo qua điện thoại", "advertising by telephone"),
    "subject-request": ("yêu cầu của bạn", "your own request"),
    "authority-request": ("yêu cầu của cơ quan có thẩm quyền", "demand of an authority"),
    "legal-claim": ("bảo vệ quyền trước pháp luật", "legal claim"),
    # roles and kinds of recipients
    "checkout": ("bộ phận đặt hàng", "checkout"),
    "order-desk": ("bộ phận thông báo đơn hàng", "order desk"),
    "shipping": ("bộ phận giao hàng", "shipping"),
    "carrier": ("đơn vị vận chuyển", "carrier"),
    "payment-provider": ("đơn vị thanh toán", "payment provider"),
    "support": ("chăm sóc khách hàng", "customer support"),
    "marketing": ("tiếp thị", "marketing"),
    "research": ("nghiên cứu thị trường", "market research"),
    "legal": ("pháp chế", "legal"),
    "privacy-officer": ("phụ trách dữ liệu cá nhân", "privacy officer"),
    "compliance": ("kiểm soát tuân thủ", "compliance"),
    "subject": ("chính bạn", "yourself"),
    "admin": ("quản trị", "administrator"),
    # bases
    "contract": ("hợp đồng với bạn", "contract with you"),
    "consent": ("sự đồng ý của bạn", "your consent"),
    "legal-obligation": ("nghĩa vụ theo pháp luật", "legal obligation"),
    "legitimate-interest": ("lợi ích hợp pháp", "legitimate interest"),
    # forms
    "plain": ("đầy đủ", "in full"),
    "masked": ("che bớt", "masked"),
    "generalised": ("khái quát", "generalised"),
    "token": ("mã thay thế", "as a token"),
    "verified": ("chỉ kiểm tra đúng sai", "checked only"),
    # rights
    "access": ("xem và nhận bản sao dữ liệu của mình", "see your data and get a copy"),
    "rectification": ("yêu cầu sửa dữ liệu sai", "have what is wrong corrected"),
    "erasure": ("yêu cầu xóa dữ liệu", "have your data erased"),
    "restriction": ("yêu cầu hạn chế việc xử lý", "have its use restricted"),
    "objection": ("phản đối việc xử lý", "object to its use"),
    "withdrawal": ("rút lại sự đồng ý", "withdraw your consent"),
}


def name_of(word: str, language: Language) -> str:
    """A name of the notice as people read it."""
    vietnamese, english = _NAMES.get(word, (word.replace("_", " "), word.replace("_", " ")))
    return vietnamese if language is Language.VI else english
