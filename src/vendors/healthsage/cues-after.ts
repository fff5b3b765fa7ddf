/** Words that stand behind or around a finding and say that it is not the patient's fact; the other half of cues.ts. */
import { type CueKind, RELATIVES } from './cues.ts';

/** Cues right after a finding: what may stand between it and the cue is part of the expression. */
export const CUES_AFTER: readonly { kind: CueKind; pattern: RegExp }[] = [
  {
    kind: 'uncertain',
    pattern:
      /^[^.;,\n]{0,30}?\b(?:(?:cannot|can ?not|could not) be (?:excluded|ruled out)|not (?:been |yet )?(?:excluded|ruled out)|(?:is|are|was|were|seems?|remains?|appears?) (?:also )?(?:possible|probable|likely|unlikely|suspected|unclear|uncertain|questionable|less likely)|suspected|unlikely|less likely)\b/iu,
  },
  { kind: 'uncertain', pattern: /^\s*(?:\(\?\)|\?|(?:vs\.?|versus)\s)/iu },
  {
    kind: 'negated',
    pattern:
      /^(?:[\s:=–—-]*|[^.;,\n]{0,30}?\s)(?:(?:(?:has|have|had) (?:now )?been|was|were|is|are|been)\s+(?:\w+ly )?(?:ruled out|excluded|absent|negative|denied|disproved|refuted)|ruled out|(?:has|have) never been diagnosed|not (?:diagnosed|required|needed|attempted|present|seen|detected|found|identified|demonstrated|noted|evident|observed|confirmed|elicited|felt|heard|performed|done|indicated|carried out|undertaken)|(?:is|was|are|were) not|(?:was |is |were )?denied|absent|nil\b)/iu,
  },
  {
    kind: 'negated',
    pattern:
      /^(?:\s*[:=–—-]\s*|\s+(?:(?:test|screen|swab|serology|pcr)\s+)?(?:is |was |were |came back )?)(?:no|none|nil|neg|negative|absent|denies|denied|excluded|\(-\)|0)(?: today| now| currently| at present| recently)?(?=\s*(?:$|[.,;)|\n]|\p{L}+(?: \p{L}+)?:))/iu,
  },
  {
    kind: 'hypothetical',
    pattern:
      /^[\s-]+(?:prophylaxis|ppx|screening|screen|screens|risk|risks|prevention|precautions?|vaccin\w+|immuni[sz]ation|jab|awareness|leaflet|education)\b/iu,
  },
  {
    kind: 'hypothetical',
    pattern:
      /^[^.;,\n]{0,25}?\b(?:would be|could (?:occur|develop|recur)|may (?:occur|develop|recur)|might (?:occur|develop|recur))\b/iu,
  },
  { kind: 'hypothetical', pattern: /^\s*(?:if|unless)\b/iu },
  {
    kind: 'planned',
    pattern:
      /^[^.;\n]{0,40}?\b(?:(?:is|are|was|were|has been|to be|being|will be) (?:\w+ly )?(?:planned|scheduled|booked|arranged|organi[sz]ed|requested|recommended|declined|refused|pending|postponed|deferred|cancelled|canceled|awaited|discussed|offered|considered|done|performed next)|planned|scheduled for|booked|awaited|pending|postponed|deferred|cancelled|canceled|declined|next (?:week|month|year)|abandoned|not attended|not tolerated|to (?:be|start|begin|commence) |(?:requested|ordered|arranged|recommended|advised|suggested)(?=\s*(?:[.,;\n]|$))|tomorrow|in the (?:new year|coming \w+)|to follow)\b/iu,
  },
  {
    kind: 'family',
    pattern: new RegExp(
      `^[^.;\\n]{0,40}?\\b(?:in|affecting|on)\\s+(?:(?:his|her|their|the|a|both|one|several|two)\\s+)*(?:(?:maternal|paternal|older|younger|elder|late)\\s+)*(?:${RELATIVES}|family|relatives?)\\b|^[^.;\\n]{0,20}?\\b(?:runs in (?:the|his|her|their) family|\\((?:${RELATIVES})\\))|^\\s*[-–:(,]?\\s*(?:maternal|paternal)\\b`,
      'iu',
    ),
  },
  {
    kind: 'negated',
    pattern:
      /^[^.;\n]{0,30}?\b(?:considered|suspected|queried|questioned|possible|thought)(?: initially| at first)?,? (?:but|and|however) (?:(?:was|has been|is|subsequently|later|now|since|then|has|been) )*(?:excluded|ruled out|discounted|refuted|disproved|rejected)\b/iu,
  },
  {
    kind: 'planned',
    pattern: /^\s+(?:again )?in (?:\d+|one|two|three|four|six|twelve)(?:[-–]\d+)? (?:days?|weeks?|months?|years?)\b/iu,
  },
  { kind: 'past', pattern: /^,? and [^.;,\n]{2,30}? have (?:\w+ )?resolved\b/iu },
  { kind: 'past', pattern: /^[^.;\n]{0,40}?\bin (?:(?:full|complete|sustained|clinical) )?remission\b/iu },
  // A cell of a table or form: "| No |", ": N", "(no)".
  {
    kind: 'negated',
    pattern: /^\s*[:=|(\t]+\s*(?:no|n|none|nil|neg|negative|absent|denie[sd]|never|false)\s*(?=$|[.,;)|\n\t])/iu,
  },
  { kind: 'negated', pattern: /^(?:[ ]*[|\t:]+[ ]*[-−–]|[ ]*\([-−–]\))\s*(?=$|[|\n\t,;.])/u },
  {
    kind: 'uncertain',
    pattern:
      /^\s*[:=|(\t]+\s*(?:unknown|not known|unsure|unclear|uncertain|possible|possibly|probable|query|\?)\s*(?=$|[.,;)|\n\t])/iu,
  },
  {
    kind: 'past',
    pattern:
      /^(?:[^.;,\n]{0,20}?\b|\s*[,(–-]+\s*)(?:has |have |had |now |since |fully |completely |all )*(?:resolved|recovered|in (?:full |complete |sustained )?remission|as a (?:child|teenager|baby|young (?:man|woman|adult))|in childhood|in infancy|in the past|(?=childhood\)|old\)|previous\)|past\))\w+)(?![\p{L}\p{N}])/iu,
  },
];

/** Marks right before a finding, as forms and shorthand have them. `line`: what its line has to hold as well. */
export const MARKS_BEFORE: readonly { kind: CueKind; pattern: RegExp; line?: RegExp }[] = [
  { kind: 'negated', pattern: /\([-−–]\)\s*$/u },
  // An empty box.
  { kind: 'negated', pattern: /(?:\[\s?\]|\( \)|[☐□✗✘❌])\s*$/u },
  { kind: 'negated', pattern: /(?<![\p{L}\p{N}])non[-‐‑– ]$/iu },
  // "+fatigue, -nausea": a dash is a minus where a plus says so; else it may be a bullet.
  { kind: 'negated', pattern: /[^\s][\s,(]*[-−]$/u, line: /(?:^|[\s,(:])\+\p{L}/u },
];

/** The answer to a question that the finding stands in: "Any chest pain? No." */
export const ANSWERED_NO =
  /^[^.;\n?]{0,60}\?+["”’]?\s*(?:a(?:nswer)?\s*[:.-]\s*)?[-–]?\s*(?:no|nope|none|nil|never|denie[sd]|negative)(?=\s*(?:[.,;\n)|]|$))/iu;

/** Ends what a cue before it reaches. */
export const TERMINATORS =
  'but|, only|however|although|though|except(?: for)?|apart from|aside from|other than|yet|nevertheless|whereas|still|otherwise|now has|now with|with (?:a )?(?:known|history of|background of)|(?:on|against) a background of|known (?:to have|with|case of)|diagnosed with|treated for|presents? with|presented with|presenting with|complains? of|complained of|reports|reported|endorses|admits(?: to)?|positive for|(?:he|she|they|patient|and|which|who|,) (?:has|have|had|is|was|does have|did have|developed|reports|shows|showed|suffers from)(?! (?:not|no|never))|remains|reveals|revealed|confirmed|confirms|shows|showed';

/** A relative's finding is still the relative's after these; only these end a family cue. */
export const FAMILY_TERMINATORS =
  ', ?present(?:s|ed) with|but|however|whereas|although|the patient|our patient|patient has|he himself|she herself|he is himself|(?:and|,|;) (?:he|she|they) (?:has|have|is|are)|i (?:reviewed|saw|examined)|on examination';

/** Words in a term that say it is itself the absence of something: then such a word in the text is part of the finding. */
export const NEGATIVE_TERM =
  /\b(?:no|not|never|without|absent|absence|negative|unable|lack|nil|non|un\w+|denied|excluded)\b/iu;
