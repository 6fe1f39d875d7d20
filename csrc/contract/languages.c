/* languages.c - the languages of a conversation: code, English name, and what people
** write instead: the name in its own tongue and in others, codes of three letters, codes
** of countries. In lower case, but for letters that are not ASCII. */
#include "contract.h"

#define LANGUAGES(each) \
  each("ar", "arabic", "ara,العربية,arabisch,arabe,árabe,arabo") \
  each("bg", "bulgarian", "bul,български,Български,bulgarisch,bulgare,búlgaro") \
  each("bn", "bengali", "ben,বাংলা,bangla") \
  each("cs", "czech", "ces,cze,cz,čeština,Čeština,cestina,česky,tschechisch,tchèque") \
  each("da", "danish", "dan,dk,dansk,dänisch,danois,danés") \
  each("de", "german", "deu,ger,deutsch,allemand,alemán,aleman,tedesco,alemão") \
  each("el", "greek", "ell,gre,gr,ελληνικά,Ελληνικά,griechisch,grec,griego") \
  each("en", "english", "eng,us,gb,englisch,anglais,inglés,ingles,inglese,inglês") \
  each("es", "spanish", "spa,mx,español,espanol,castellano,castilian,spanisch," \
       "espagnol,spagnolo,espanhol") \
  each("fi", "finnish", "fin,suomi,finnisch,finnois,finlandés") \
  each("fr", "french", "fra,fre,français,francais,französisch,franzoesisch," \
       "francés,frances,francese,francês") \
  each("gu", "gujarati", "guj,ગુજરાતી") \
  each("he", "hebrew", "heb,iw,il,עברית,ivrit,hebräisch,hébreu,hebreo") \
  each("hi", "hindi", "hin,हिन्दी,हिंदी") \
  each("hr", "croatian", "hrv,hrvatski,kroatisch,croate") \
  each("hu", "hungarian", "hun,magyar,ungarisch,hongrois,húngaro") \
  each("id", "indonesian", "ind,bahasa indonesia,bahasa,indonesisch,indonésien") \
  each("it", "italian", "ita,italiano,italienisch,italien") \
  each("ja", "japanese", "jpn,jp,日本語,nihongo,japanisch,japonais,japonés,giapponese") \
  each("ka", "georgian", "kat,geo,ქართული,georgisch") \
  each("kn", "kannada", "kan,ಕನ್ನಡ") \
  each("ko", "korean", "kor,kr,한국어,koreanisch,coréen,coreano") \
  each("ml", "malayalam", "mal,മലയാളം") \
  each("mr", "marathi", "mar,मराठी") \
  each("ms", "malay", "msa,may,bahasa melayu,bahasa malaysia,melayu,malaiisch,malais,malaysian") \
  each("nl", "dutch", "nld,dut,nederlands,flemish,vlaams,niederländisch,holländisch," \
       "néerlandais,neerlandés,holandés,olandese") \
  each("no", "norwegian", "nor,nb,nob,nn,nno,norsk,bokmål,bokmal,nynorsk,norwegisch," \
       "norvégien,noruego") \
  each("pa", "punjabi", "pan,panjabi,ਪੰਜਾਬੀ") \
  each("pl", "polish", "pol,polski,polnisch,polonais,polaco,polacco") \
  each("pt", "portuguese", "por,br,português,portugues,portugiesisch,portugais," \
       "portugués,portoghese,brazilian") \
  each("ro", "romanian", "ron,rum,română,romana,rumänisch,roumain,rumano") \
  each("ru", "russian", "rus,русский,Русский,russisch,russe,ruso,russo") \
  each("sk", "slovak", "slk,slo,slovenčina,slovencina,slovakian,slowakisch") \
  each("sv", "swedish", "swe,se,svenska,schwedisch,suédois,sueco,svedese") \
  each("ta", "tamil", "tam,தமிழ்") \
  each("te", "telugu", "tel,తెలుగు") \
  each("th", "thai", "tha,ไทย,ภาษาไทย,thailändisch,thaï,tailandés") \
  each("tl", "tagalog", "tgl,fil,ph,filipino,pilipino") \
  each("tr", "turkish", "tur,türkçe,turkce,türkisch,turc,turco") \
  each("uk", "ukrainian", "ukr,ua,українська,Українська,ukrainisch,ukrainien") \
  each("vi", "vietnamese", "vie,vn,tiếng việt,Tiếng Việt,tieng viet,vietnamesisch") \
  each("zh", "chinese", "zho,chi,cmn,cn,tw,中文,汉语,漢語,普通话,mandarin,cantonese," \
       "chinesisch,chinois,chino,cinese,chinês")

#define AS_LANGUAGE(code, name, others) { code, name, others },
#define AS_CHOICE(code, name, others) { code, NULL },

static const tavus_language languages[] = { LANGUAGES(AS_LANGUAGE) };
static const tavus_choice codes[] = { LANGUAGES(AS_CHOICE) { NULL, NULL } };

const tavus_field tavus_field_language_code = {
  .types = TAVUS_STRING, .flags = TAVUS_LANGUAGE, .choices = codes,
  .label = "a language code", .text = "The code of a language."
};

static bool same(const char *text, size_t length, const char *word, size_t size) {
  if (length != size) return false;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != word[i]) return false;
  }
  return true;
}

static bool is_among(const char *text, size_t length, const char *words) {
  for (;; words++) {
    size_t size = strcspn(words, ",");
    if (same(text, length, words, size)) return true;
    words += size;
    if (*words == '\0') return false;
  }
}

static const tavus_language *find_word(const char *text, size_t length) {
  for (size_t i = 0; i < TAVUS_COUNT(languages); i++) {
    const tavus_language *language = &languages[i];
    if (same(text, length, language->code, strlen(language->code)) ||
        same(text, length, language->name, strlen(language->name)) ||
        is_among(text, length, language->others))
      return language;
  }
  return NULL;
}

/* The same, of a word with a region, script or encoding behind it: "en-US". */
static const tavus_language *find_plain(const char *text, size_t length) {
  size_t head = 0;
  while (head < length && strchr("-_.(", text[head]) == NULL) head++;
  return find_word(text, head);
}

const tavus_language *tavus_language_find(const char *text, size_t length) {
  while (length > 0 && *text == ' ') text++, length--;
  while (length > 0 && text[length - 1] == ' ') length--;
  const tavus_language *found = find_word(text, length);
  if (found != NULL) return found;
  /* "English (UK)", "Brazilian Portuguese"; not "English, Spanish". */
  size_t first = 0, last = length;
  for (size_t i = 0; i < length; i++)
    if (strchr(",;/|&+\n", text[i]) != NULL) return NULL;
  while (first < length && text[first] != ' ') first++;
  while (last > 0 && text[last - 1] != ' ') last--;
  const tavus_language *front = find_plain(text, first);
  const tavus_language *back = find_plain(text + last, length - last);
  if (front == NULL || back == NULL) return front != NULL ? front : back;
  return front == back ? front : NULL;
}
